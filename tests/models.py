"""Small seeded Keras models of all supported architectures, by name."""

from __future__ import annotations

import keras

from tests.builders import (
    both,
    cell,
    dense,
    functional,
    joined_poolings,
    nested,
    sequences,
    spread,
    text_model,
    wide_model,
)
from tests.conftest import make_tokenizer

#: Names for other tests.
__all__ = [
    "FUSED",
    "LOOP",
    "MODELS",
    "both",
    "cell",
    "dense",
    "joined_poolings",
    "sequences",
    "spread",
    "text_model",
    "wide_model",
]

layers = keras.layers
#: The lowering of the model to TFLite: fused, or a loop for cells without a TFLite operator.
FUSED, LOOP = "fused", "loop"
BACKWARD = {"go_backwards": True}

MODELS = {
    "lstm": (FUSED, lambda: text_model(cell("LSTM"), dense())),
    "lstm_stack": (
        FUSED,
        lambda: text_model(sequences("LSTM", 6), sequences("LSTM"), cell("LSTM", 4), dense()),
    ),
    "bilstm": (FUSED, lambda: text_model(both(cell("LSTM")), dense())),
    "bilstm_stack": (
        FUSED,
        lambda: text_model(
            both(sequences("LSTM")), both(cell("LSTM", 4)), dense(5, "relu"), dense()
        ),
    ),
    "bilstm_three": (
        FUSED,
        lambda: text_model(
            both(sequences("LSTM", 4)), both(sequences("LSTM", 3)), both(cell("LSTM", 2)), dense()
        ),
    ),
    "lstm_no_bias": (FUSED, lambda: text_model(cell("LSTM", use_bias=False), dense())),
    "lstm_no_forget_bias": (
        FUSED,
        lambda: text_model(cell("LSTM", unit_forget_bias=False), dense()),
    ),
    "lstm_large_cells": (FUSED, lambda: text_model(both(cell("LSTM", 4)), dense(), scale=6.0)),
    "lstm_one_unit": (FUSED, lambda: text_model(both(cell("LSTM", 1)), dense())),
    "lstm_odd_units": (
        FUSED,
        lambda: text_model(both(sequences("LSTM", 7)), cell("LSTM", 3), dense()),
    ),
    "lstm_wide": (FUSED, lambda: text_model(cell("LSTM", 33), dense(), scale=1.0)),
    "lstm_relu": (FUSED, lambda: text_model(cell("LSTM", activation="relu"), dense(), scale=0.7)),
    "lstm_linear": (
        LOOP,
        lambda: text_model(cell("LSTM", activation="linear"), dense(), scale=0.7),
    ),
    "lstm_sigmoid": (LOOP, lambda: text_model(cell("LSTM", activation="sigmoid"), dense())),
    "lstm_softsign": (LOOP, lambda: text_model(cell("LSTM", activation="softsign"), dense())),
    "lstm_hard_sigmoid_gates": (
        LOOP,
        lambda: text_model(both(cell("LSTM", recurrent_activation="hard_sigmoid")), dense()),
    ),
    "bilstm_elu_sequences": (
        LOOP,
        lambda: text_model(
            both(sequences("LSTM", activation="elu")), cell("LSTM"), dense(), scale=0.7
        ),
    ),
    "merge_sum": (FUSED, lambda: text_model(both(cell("LSTM"), merge_mode="sum"), dense())),
    "merge_ave": (FUSED, lambda: text_model(both(cell("LSTM"), merge_mode="ave"), dense())),
    "merge_mul": (FUSED, lambda: text_model(both(cell("LSTM"), merge_mode="mul"), dense())),
    "merge_sum_sequences": (
        FUSED,
        lambda: text_model(both(sequences("LSTM"), merge_mode="sum"), cell("LSTM"), dense()),
    ),
    "merge_ave_sequences": (
        FUSED,
        lambda: text_model(both(sequences("LSTM"), merge_mode="ave"), cell("LSTM"), dense()),
    ),
    "merge_mul_sequences": (
        FUSED,
        lambda: text_model(both(sequences("LSTM"), merge_mode="mul"), cell("LSTM"), dense()),
    ),
    "go_backwards": (FUSED, lambda: text_model(cell("LSTM", go_backwards=True), dense())),
    "go_backwards_sequences": (
        FUSED,
        lambda: text_model(sequences("LSTM", go_backwards=True), cell("LSTM"), dense()),
    ),
    "go_backwards_gru": (
        LOOP,
        lambda: text_model(sequences("GRU", go_backwards=True), cell("GRU"), dense()),
    ),
    "bidirectional_of_backward": (
        FUSED,
        lambda: text_model(
            both(sequences("LSTM", **BACKWARD), backward_layer=sequences("LSTM")),
            cell("LSTM"),
            dense(),
        ),
    ),
    "backward_layer": (
        FUSED,
        lambda: text_model(
            both(cell("LSTM"), backward_layer=cell("LSTM", use_bias=False, **BACKWARD)), dense()
        ),
    ),
    "backward_layer_of_other_kind": (
        LOOP,
        lambda: text_model(
            both(sequences("LSTM"), backward_layer=sequences("GRU", **BACKWARD)),
            cell("LSTM"),
            dense(),
        ),
    ),
    "backward_layer_of_other_activation": (
        FUSED,
        lambda: text_model(
            both(cell("LSTM"), backward_layer=cell("LSTM", activation="relu", **BACKWARD)),
            dense(),
            scale=1.0,
        ),
    ),
    "gru": (LOOP, lambda: text_model(cell("GRU"), dense())),
    "gru_reset_before": (LOOP, lambda: text_model(cell("GRU", reset_after=False), dense())),
    "gru_no_bias": (LOOP, lambda: text_model(both(cell("GRU", use_bias=False)), dense())),
    "gru_before_no_bias": (
        LOOP,
        lambda: text_model(both(cell("GRU", use_bias=False, reset_after=False)), dense()),
    ),
    "bigru_stack": (
        LOOP,
        lambda: text_model(both(sequences("GRU")), both(cell("GRU", 4)), dense(3, "softmax")),
    ),
    "gru_relu": (LOOP, lambda: text_model(cell("GRU", activation="relu"), dense(), scale=0.7)),
    "gru_hard_sigmoid": (
        LOOP,
        lambda: text_model(cell("GRU", recurrent_activation="hard_sigmoid"), dense()),
    ),
    "gru_merge_ave": (LOOP, lambda: text_model(both(cell("GRU"), merge_mode="ave"), dense())),
    # The larger a SimpleRNN's weights, the more it amplifies rounding from step to step.
    "rnn": (FUSED, lambda: text_model(cell("SimpleRNN"), dense(), scale=0.6)),
    "birnn_stack": (
        FUSED,
        lambda: text_model(both(sequences("SimpleRNN")), cell("SimpleRNN", 4), dense(), scale=0.6),
    ),
    "rnn_relu": (
        FUSED,
        lambda: text_model(cell("SimpleRNN", activation="relu"), dense(), scale=0.5),
    ),
    "rnn_linear": (
        LOOP,
        lambda: text_model(cell("SimpleRNN", activation="linear"), dense(), scale=0.5),
    ),
    "rnn_no_bias": (
        FUSED,
        lambda: text_model(both(cell("SimpleRNN", use_bias=False)), dense(), scale=0.6),
    ),
    "mixed_stack": (
        LOOP,
        lambda: text_model(
            both(sequences("LSTM")),
            both(sequences("GRU", 4)),
            cell("SimpleRNN", 3),
            dense(),
            scale=0.6,
        ),
    ),
    "max_pooling": (
        FUSED,
        lambda: text_model(both(sequences("LSTM")), layers.GlobalMaxPooling1D(), dense()),
    ),
    "average_pooling": (
        FUSED,
        lambda: text_model(both(sequences("LSTM")), layers.GlobalAveragePooling1D(), dense()),
    ),
    "max_pooling_of_padded": (
        FUSED,
        lambda: text_model(
            both(sequences("LSTM")), layers.GlobalMaxPooling1D(), dense(), max_length=20
        ),
    ),
    "max_pooling_of_padded_plain": (
        FUSED,
        lambda: text_model(sequences("LSTM"), layers.GlobalMaxPooling1D(), dense(), max_length=20),
    ),
    "max_pooling_of_padded_gru": (
        LOOP,
        lambda: text_model(
            both(sequences("GRU")), layers.GlobalMaxPooling1D(), dense(), max_length=20
        ),
    ),
    "max_pooling_of_dense_of_padded": (
        FUSED,
        lambda: text_model(
            both(sequences("LSTM")),
            dense(4, "gelu"),
            layers.Dense(3),
            layers.Activation("tanh"),
            layers.GlobalMaxPooling1D(),
            dense(),
            max_length=20,
        ),
    ),
    "max_pooling_unmasked_of_padded": (
        FUSED,
        lambda: text_model(
            both(sequences("LSTM")), layers.GlobalMaxPooling1D(), dense(), max_length=20, mask=False
        ),
    ),
    "average_pooling_of_padded": (
        FUSED,
        lambda: text_model(
            both(sequences("LSTM")), layers.GlobalAveragePooling1D(), dense(), max_length=20
        ),
    ),
    "average_pooling_unmasked_of_padded": (
        FUSED,
        lambda: text_model(
            sequences("LSTM"), layers.GlobalAveragePooling1D(), dense(), max_length=20, mask=False
        ),
    ),
    "pooling_alone": (
        FUSED,
        lambda: text_model(layers.GlobalAveragePooling1D(), dense(4, "relu"), dense(3, "softmax")),
    ),
    "dense_between": (
        FUSED,
        lambda: text_model(
            dense(7, "relu"), both(sequences("LSTM")), dense(4, "silu"), cell("LSTM"), dense()
        ),
    ),
    "masked_and_cut": (FUSED, lambda: text_model(both(cell("LSTM")), dense(), max_length=9)),
    "masked_and_padded": (FUSED, lambda: text_model(both(cell("LSTM")), dense(), max_length=50)),
    "unmasked": (FUSED, lambda: text_model(both(cell("LSTM")), dense(), mask=False)),
    "unmasked_and_cut": (
        FUSED,
        lambda: text_model(both(cell("LSTM")), dense(), max_length=9, mask=False),
    ),
    "unmasked_and_padded": (
        FUSED,
        lambda: text_model(both(cell("LSTM")), dense(), max_length=50, mask=False),
    ),
    "unmasked_and_padded_backwards": (
        FUSED,
        lambda: text_model(
            sequences("LSTM", go_backwards=True), cell("LSTM"), dense(), max_length=20, mask=False
        ),
    ),
    "unmasked_and_padded_gru": (
        LOOP,
        lambda: text_model(both(cell("GRU")), dense(), max_length=20, mask=False),
    ),
    "one_logit": (FUSED, lambda: text_model(cell("LSTM"), layers.Dense(1))),
    "logits": (FUSED, lambda: text_model(cell("LSTM"), layers.Dense(4))),
    "softmax": (FUSED, lambda: text_model(cell("LSTM"), dense(4, "softmax"))),
    "multilabel": (FUSED, lambda: text_model(cell("LSTM"), dense(4, "sigmoid"))),
    "softmax_layer": (FUSED, lambda: text_model(cell("LSTM"), layers.Dense(4), layers.Softmax())),
    "activation_layers": (
        FUSED,
        lambda: text_model(
            cell("LSTM"),
            layers.Dense(4),
            layers.ReLU(),
            layers.Dense(1, use_bias=False),
            layers.Activation("sigmoid"),
        ),
    ),
    "dense_activations": (
        FUSED,
        lambda: text_model(
            cell("LSTM"),
            *(
                dense(4, name)
                for name in (
                    "relu6",
                    "hard_sigmoid",
                    "elu",
                    "selu",
                    "softplus",
                    "softsign",
                    "silu",
                    "gelu",
                )
            ),
            dense(),
        ),
    ),
    "functional": (FUSED, functional),
    "nested": (FUSED, nested),
    "nested_and_padded": (FUSED, lambda: nested(max_length=20)),
    "character_split": (
        FUSED,
        lambda: text_model(cell("LSTM"), dense(), tokenizer=make_tokenizer(split="character")),
    ),
    "joined_poolings": (FUSED, joined_poolings),
    "joined_poolings_other_order": (FUSED, lambda: joined_poolings(order=("average", "max"))),
    "joined_poolings_repeated": (
        FUSED,
        lambda: joined_poolings(order=("average", "max", "average")),
    ),
    "joined_poolings_of_padded": (FUSED, lambda: joined_poolings(max_length=20)),
    "joined_poolings_unmasked_of_padded": (
        FUSED,
        lambda: joined_poolings(max_length=20, order=("average", "max"), mask=False),
    ),
    "wide": (FUSED, wide_model),
    "wide_trigram": (FUSED, lambda: wide_model(patterns=("trigram",))),
    "wide_multiclass": (FUSED, lambda: wide_model(outputs=4, order=("average", "max"))),
    "wide_multiclass_with_rank": (FUSED, lambda: wide_model(outputs=4, rank=2)),
    "wide_of_padded": (FUSED, lambda: wide_model(max_length=20)),
    "wide_unmasked_of_padded": (FUSED, lambda: wide_model(max_length=20, mask=False)),
    "wide_alone": (FUSED, lambda: wide_model(alone=True)),
    "wide_alone_with_rank": (FUSED, lambda: wide_model(outputs=3, rank=2, alone=True)),
    "wide_alone_of_padded": (FUSED, lambda: wide_model(max_length=20, alone=True)),
    "wide_alone_of_words": (FUSED, lambda: wide_model(alone=True, patterns=())),
    "bigrams": (
        FUSED,
        lambda: text_model(cell("LSTM"), dense(), tokenizer=make_tokenizer(ngrams=2)),
    ),
}
