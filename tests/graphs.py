"""Small seeded Keras models whose layers make a graph, or that are not recurrent, by name."""

from __future__ import annotations

import keras
import numpy as np

from tests.builders import spread
from tests.conftest import make_tokenizer

layers = keras.layers
#: The length to which the texts of most models are padded.
LENGTH = 20


def graph_model(build, max_length=LENGTH, mask=False, seed=0, embeddings=1, scale=1.0):
    """Return a model of strings whose layers behind one or two embeddings are what `build` adds."""
    tokenizer = make_tokenizer(output_sequence_length=max_length)
    text = keras.Input((1,), dtype="string")
    ids, size = tokenizer(text), tokenizer.vocabulary_size()
    masks = (mask, False)[:embeddings]
    inputs = [layers.Embedding(size, 6 - i, mask_zero=one)(ids) for i, one in enumerate(masks)]
    return _drawn(keras.Model(text, build(*inputs)), scale, seed)


def graph_of_ids(build, rows, mask=False):
    """Return a model of ids, of graphs.LENGTH and below `rows`, with one embedding."""
    ids = keras.Input((LENGTH,), dtype="int32")
    x = layers.Embedding(rows, 6, mask_zero=mask)(ids)
    return _drawn(keras.Model(ids, build(x)), 1.5, 0)


def _drawn(model, scale, seed):
    """Return a model with random weights, and random statistics of batches."""
    spread(model, scale, seed)
    draw = np.random.default_rng(seed)
    for variable in model.non_trainable_variables:
        if "moving" in variable.path:
            variable.assign(np.abs(draw.normal(1, 0.3, variable.shape)))
    for variable in model.trainable_variables:
        if len(variable.shape) == 0:
            variable.assign(0.7)
    return model


def head(x, outputs=1, activation="sigmoid"):
    return layers.Dense(outputs, activation=activation)(x)


def both(kind="LSTM", units=5):
    return layers.Bidirectional(getattr(layers, kind)(units, return_sequences=True))


def convolutions_of_three_widths(x):
    """The text CNN of Kim 2014."""
    sides = [layers.Conv1D(4, taps, activation="relu")(x) for taps in (2, 3, 4)]
    return head(layers.Concatenate()([layers.GlobalMaxPooling1D()(side) for side in sides]))


def convolution_and_lstm(x):
    x = layers.Conv1D(7, 5, activation="relu")(layers.Dropout(0.2)(x))
    return head(layers.LSTM(5)(layers.MaxPooling1D(4)(x)))


def stack_of_convolutions(x):
    x = layers.Conv1D(8, 3, padding="causal", dilation_rate=2)(x)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.AveragePooling1D(3, 2, padding="same")(x)
    return head(layers.Flatten()(x), 3, "softmax")


def strides(x):
    x = layers.LeakyReLU()(layers.Conv1D(8, 3, padding="same", strides=2)(x))
    x = layers.Conv1D(4, 4, strides=3, activation="tanh")(x)
    return head(layers.GlobalAveragePooling1D()(x))


def pooled_once(x):
    x = layers.Conv1D(5, 3, activation="softplus")(x)
    return head(layers.Flatten()(layers.MaxPooling1D(18)(x)), 3, "softmax")


def residual(x):
    y = layers.BatchNormalization()(layers.Conv1D(6, 3, padding="same", activation="relu")(x))
    return head(layers.Flatten()(layers.LayerNormalization()(layers.Add()([x, y]))))


def residual_cells(x):
    y = layers.LSTM(6, return_sequences=True)(x)
    y = layers.LayerNormalization(center=False)(layers.Add()([x, y]))
    z = both("GRU", 3)(layers.BatchNormalization(scale=False)(y))
    return head(layers.GlobalAveragePooling1D()(layers.Average()([y, z])), 4, "softmax")


def branches(x):
    a, b = layers.LSTM(4)(x), layers.GRU(4)(x)
    c = layers.Dense(4)(layers.GlobalMaxPooling1D()(x))
    parts = [
        layers.Add()([a, b]),
        layers.Multiply()([a, c]),
        layers.Average()([a, b, c]),
        layers.Subtract()([a, b]),
        layers.Maximum()([a, c]),
        layers.Minimum()([b, c]),
    ]
    return head(layers.Concatenate()(parts), 3)


def gated_convolution(x):
    y, gate = layers.Conv1D(5, 3)(x), layers.Conv1D(5, 3, activation="sigmoid")(x)
    return head(layers.GlobalMaxPooling1D()(layers.Multiply()([y, gate])))


def skipped_dense(x):
    y = layers.TimeDistributed(layers.Dense(5, activation="relu"))(layers.SpatialDropout1D(0.2)(x))
    y = both()(y)
    poolings = [layers.GlobalMaxPooling1D()(y), layers.GlobalAveragePooling1D()(y)]
    y = layers.Concatenate()(poolings)
    return head(layers.Add()([y, layers.Dense(20, activation="relu")(y)]))


def weights_of_steps(x):
    """Attention as notebooks write it: Dense(1, tanh), a softmax over time, a weighted sum."""
    states = both("GRU")(x)
    weights = layers.Flatten()(layers.Dense(1, activation="tanh")(states))
    weights = layers.RepeatVector(10)(layers.Activation("softmax")(weights))
    weighted = layers.Multiply()([states, layers.Permute([2, 1])(weights)])
    return head(layers.GlobalAveragePooling1D()(weighted))


def weights_by_a_product(x):
    states = both()(x)
    weights = layers.Softmax(axis=1)(layers.Dense(1)(states))
    return head(layers.Flatten()(layers.Dot(axes=1)([weights, states])), 3, "softmax")


def weights_for_each_column(x):
    states = both()(x)
    weights = layers.Dense(LENGTH, activation="softmax")(layers.Permute((2, 1))(states))
    return head(layers.Flatten()(layers.Multiply()([states, layers.Permute((2, 1))(weights)])))


def activations_between(x):
    x = layers.Activation("relu")(layers.LSTM(5)(x))
    return head(layers.Dense(3, activation="softmax")(x))


def two_embeddings(x, y):
    sides = layers.GlobalMaxPooling1D()(both()(x)), layers.Conv1D(4, 3, activation="relu")(y)
    return head(layers.Concatenate()([sides[0], layers.GlobalMaxPooling1D()(sides[1])]))


def joined_embeddings(x, y):
    return head(layers.LSTM(4)(layers.Concatenate()([x, y])))


def attention_to_itself(x):
    states = both()(x)
    x = layers.Attention(use_scale=True)([states, states])
    return head(layers.GlobalAveragePooling1D()(layers.Concatenate()([states, x])))


def causal_attention(x):
    x = layers.Attention()([x, layers.Dense(6)(x), layers.LSTM(6, return_sequences=True)(x)])
    return head(layers.LSTM(4)(x))


def additive_attention(x):
    states = layers.GRU(5, return_sequences=True)(x)
    x = layers.AdditiveAttention()([states, layers.Dense(5)(states)], use_causal_mask=True)
    return head(layers.GlobalAveragePooling1D()(x), 3, "softmax")


def transformer_block(x):
    y = layers.MultiHeadAttention(num_heads=2, key_dim=3, value_dim=4)(x, x)
    x = layers.LayerNormalization(epsilon=1e-6)(layers.Add()([x, layers.Dropout(0.1)(y)]))
    y = layers.Dense(6)(layers.Dense(9, activation="gelu")(x))
    x = layers.LayerNormalization(epsilon=1e-6)(layers.Add()([x, y]))
    return head(layers.GlobalAveragePooling1D()(x))


def causal_transformer(x):
    y = layers.MultiHeadAttention(num_heads=3, key_dim=2, use_bias=False)(
        x, x, use_causal_mask=True
    )
    return head(layers.GRU(5)(layers.Add()([x, y])))


def attention_by_products(x):
    query, key = layers.Dense(4)(x), layers.Dense(4, activation="tanh")(x)
    shares = layers.Activation("softmax")(layers.Dot(axes=(2, 2))([query, key]))
    x = layers.Dot(axes=(2, 1))([shares, both()(x)])
    return head(layers.GlobalMaxPooling1D()(x))


def weights_by_operators(x):
    states = both()(x)
    weights = keras.ops.squeeze(layers.Dense(1, activation="tanh")(states), axis=-1)
    weights = keras.ops.expand_dims(keras.ops.softmax(weights), axis=-1)
    return head(keras.ops.sum(states * weights, axis=1))


#: Functions of embeddings, and how many of them there are.
BUILDERS = {
    convolutions_of_three_widths: 1,
    convolution_and_lstm: 1,
    stack_of_convolutions: 1,
    strides: 1,
    pooled_once: 1,
    residual: 1,
    residual_cells: 1,
    branches: 1,
    gated_convolution: 1,
    skipped_dense: 1,
    weights_of_steps: 1,
    weights_by_a_product: 1,
    weights_for_each_column: 1,
    activations_between: 1,
    attention_to_itself: 1,
    causal_attention: 1,
    additive_attention: 1,
    transformer_block: 1,
    causal_transformer: 1,
    attention_by_products: 1,
    weights_by_operators: 1,
    two_embeddings: 2,
    joined_embeddings: 2,
}
#: Those that also take texts of any length, without padding.
ANY_LENGTH = (residual_cells, branches, weights_by_a_product, joined_embeddings)
