using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "corpus", disk = (path = "CORPUS")),
  ],
  sockets = [(name = "http", address = "127.0.0.1:PORT", http = (), service = "main")],
);

const worker :Workerd.Worker = (
  modules = [
    (name = "main.js", esModule = embed "main.js"),
    (name = "edgernn.wasm", wasm = embed "edgernn.wasm"),
  ],
  bindings = [(name = "CORPUS", service = "corpus")],
  compatibilityDate = "2026-01-01",
);
