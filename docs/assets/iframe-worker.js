/* Workers for pages that are opened as files, where browsers forbid them: the script runs in a hidden
 * frame of the page. With it, the search works without a server. The theme looks for IFrameWorker in
 * the page that contains the frame, and for the script's element in the frame. */
"use strict";

(() => {
  function addScript(inner, url) {
    return new Promise((resolve, reject) => {
      const script = inner.document.createElement("script");
      script.onload = resolve;
      script.onerror = () => reject(new Error(`${url} cannot be loaded`));
      script.src = url;
      inner.document.body.append(script);
    });
  }

  class FrameWorker extends EventTarget {
    constructor(url) {
      super();
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      this.ready = new Promise((resolve, reject) => {
        this.frame.addEventListener("load", () => this.start(url).then(resolve, reject), { once: true });
      });
      document.body.append(this.frame);
    }

    start(url) {
      const inner = this.frame.contentWindow;
      inner.postMessage = (data) => this.receive(structuredClone(data));
      // In a worker this blocks; here the scripts follow each other.
      inner.importScripts = (...urls) =>
        urls.reduce((before, next) => before.then(() => addScript(inner, next)), Promise.resolve());
      return addScript(inner, new URL(url, document.baseURI).href);
    }

    receive(data) {
      const event = new MessageEvent("message", { data });
      this.dispatchEvent(event);
      if (this.onmessage) this.onmessage(event);
    }

    postMessage(data) {
      const copy = structuredClone(data);
      this.ready.then(() => {
        const inner = this.frame.contentWindow;
        inner.dispatchEvent(new inner.MessageEvent("message", { data: copy }));
      });
    }

    terminate() {
      this.frame.remove();
    }
  }

  window.IFrameWorker = FrameWorker;
  if (location.protocol === "file:") window.Worker = FrameWorker;
})();
