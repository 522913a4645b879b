/* explain MODEL.edgernn TEXT: what each token contributes to the prediction. */
#include <stdio.h>
#include <string.h>

#include "edgernn.h"

int main(int count, char **arguments) {
  edgernn_classifier *classifier;
  edgernn_token tokens[64];
  char spellings[4096];
  size_t token_count = 0;
  if (count != 3) return 2;
  edgernn_status status = edgernn_load(arguments[1], &classifier);
  if (!status) {
    status = edgernn_explain(classifier, arguments[2], strlen(arguments[2]), tokens, 64,
                             &token_count, spellings, sizeof spellings);
  }
  if (status) fprintf(stderr, "error: %s\n", edgernn_status_message(status));
  for (size_t i = 0; !status && i < token_count; i++) {
    printf("%+.4f %s\n", (double)tokens[i].contribution, spellings + tokens[i].start);
  }
  edgernn_free(classifier);
  return status != EDGERNN_OK;
}
