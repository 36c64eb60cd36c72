/* Scores photos with a SavedModel and TensorFlow's C library: no Python.
 *
 *     make PYTHON=python3
 *     ./score SAVED_MODEL_FOLDER photo.jpg other.png
 *
 * Prints a line for each photo: its score, a tab and its path; or "-", a tab, the path,
 * a colon and why it has none. Without photos, prints what is known of the model, a JSON
 * object. Exit code: 0 if all were scored, 1 if some were not, 2
 * if nothing could be begun.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tensorflow/c/c_api.h>

static void give_up(const char *what, const char *why) {
  fprintf(stderr, "error: %s: %s\n", what, why);
  exit(2);
}

/* --- Names of tensors -------------------------------------------------------------
 * Which tensors a signature takes and gives is written in the model, in protobuf's
 * wire format. The four messages on the way need a few lines, and no library.
 */
typedef struct {
  const uint8_t *at, *end;
} Bytes;

static uint64_t varint(Bytes *message) {
  uint64_t value = 0;
  for (int shift = 0; message->at < message->end && shift < 64; shift += 7) {
    uint8_t byte = *message->at++;
    value |= (uint64_t)(byte & 127) << shift;
    if (byte < 128) break;
  }
  return value;
}

/* Reads on to the next field of this number that holds bytes; false at the end. */
static int next_field(Bytes *message, unsigned number, Bytes *content) {
  while (message->at < message->end) {
    uint64_t tag = varint(message), length = 0;
    switch (tag & 7) {
      case 0: varint(message); continue;
      case 1: length = 8; break;
      case 2: length = varint(message); break;
      case 5: length = 4; break;
      default: return 0;
    }
    if (length > (uint64_t)(message->end - message->at)) return 0;
    content->at = message->at;
    content->end = message->at += length;
    if (tag >> 3 == number && (tag & 7) == 2) return 1;
  }
  return 0;
}

/* The value under a key of the map in this field. */
static int in_map(Bytes message, unsigned number, const char *key, Bytes *value) {
  Bytes entry, found;
  while (next_field(&message, number, &entry)) {
    Bytes again = entry;
    if (next_field(&entry, 1, &found) &&
        (size_t)(found.end - found.at) == strlen(key) &&
        memcmp(found.at, key, strlen(key)) == 0)
      return next_field(&again, 2, value);
  }
  return 0;
}

/* MetaGraphDef.signature_def is field 5 and a map; SignatureDef's inputs are 1 and its
 * outputs 2, maps as well; TensorInfo's name is 1. */
enum { SIGNATURES = 5, INPUTS = 1, OUTPUTS = 2, NAME = 1 };

static TF_Output tensor(TF_Graph *graph, const TF_Buffer *meta_graph,
                        const char *signature, unsigned side, const char *key) {
  const uint8_t *start = meta_graph->data;
  Bytes message = {start, start + meta_graph->length}, found, info, name;
  if (!in_map(message, SIGNATURES, signature, &found) ||
      !in_map(found, side, key, &info) || !next_field(&info, NAME, &name))
    give_up("the model's signatures do not have", key);
  char text[512]; /* Such as StatefulPartitionedCall_3:1. */
  snprintf(text, sizeof text, "%.*s", (int)(name.end - name.at), (const char *)name.at);
  char *colon = strrchr(text, ':');
  TF_Output output = {NULL, 0};
  if (colon) {
    *colon = 0;
    output.index = atoi(colon + 1);
  }
  output.oper = TF_GraphOperationByName(graph, text);
  if (!output.oper) give_up("the graph does not have", text);
  return output;
}

/* --- Photos ----------------------------------------------------------------------- */

static void free_text(void *data, size_t length, void *unused) {
  (void)length, (void)unused;
  TF_TString_Dealloc(data);
  free(data);
}

/* Reads a file into a tensor, string [1]; NULL if it cannot be read. */
static TF_Tensor *file_tensor(const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file) return NULL;
  size_t length = 0, room = 1 << 20;
  char *content = malloc(room);
  while (content) {
    length += fread(content + length, 1, room - length, file);
    if (length < room) break;
    char *larger = realloc(content, room *= 2);
    if (!larger) free(content);
    content = larger;
  }
  int failed = ferror(file);
  fclose(file);
  if (!content || failed) {
    free(content);
    return NULL;
  }
  TF_TString *text = malloc(sizeof *text);
  TF_TString_Init(text);
  TF_TString_Copy(text, content, length);
  free(content);
  const int64_t sides[] = {1};
  return TF_NewTensor(TF_STRING, sides, 1, text, sizeof *text, free_text, NULL);
}

int main(int count, char **arguments) {
  if (count < 2) {
    fprintf(stderr, "usage: %s SAVED_MODEL_FOLDER [PHOTO...]\n", arguments[0]);
    return 2;
  }
  TF_Status *status = TF_NewStatus();
  TF_Graph *graph = TF_NewGraph();
  TF_SessionOptions *options = TF_NewSessionOptions();
  TF_Buffer *meta_graph = TF_NewBuffer();
  const char *tags[] = {"serve"};
  TF_Session *session = TF_LoadSessionFromSavedModel(
      options, NULL, arguments[1], tags, 1, graph, meta_graph, status);
  if (TF_GetCode(status) != TF_OK) give_up(arguments[1], TF_Message(status));
  if (count == 2) {
    const TF_Output metadata = tensor(graph, meta_graph, "metadata", OUTPUTS, "metadata");
    TF_Tensor *found = NULL;
    TF_SessionRun(session, NULL, NULL, NULL, 0, &metadata, &found, 1, NULL, 0, NULL,
                  status);
    if (TF_GetCode(status) != TF_OK) give_up("metadata", TF_Message(status));
    const TF_TString *text = TF_TensorData(found);
    printf("%.*s\n", (int)TF_TString_GetSize(text), TF_TString_GetDataPointer(text));
    TF_DeleteTensor(found);
  }
  const char *scores = "serving_default";
  const TF_Output image_bytes = tensor(graph, meta_graph, scores, INPUTS, "image_bytes");
  const TF_Output wanted[] = {tensor(graph, meta_graph, scores, OUTPUTS, "score"),
                              tensor(graph, meta_graph, scores, OUTPUTS, "error")};

  int failed = 0;
  for (int place = 2; place < count; place++) {
    const char *path = arguments[place];
    TF_Tensor *file = file_tensor(path);
    if (!file) {
      printf("-\t%s: it cannot be read\n", path);
      failed = 1;
      continue;
    }
    TF_Tensor *found[2] = {NULL, NULL};
    TF_SessionRun(session, NULL, &image_bytes, &file, 1, wanted, found, 2, NULL, 0, NULL,
                  status);
    TF_DeleteTensor(file);
    if (TF_GetCode(status) != TF_OK) {
      printf("-\t%s: %s\n", path, TF_Message(status));
      failed = 1;
      continue;
    }
    float score = *(float *)TF_TensorData(found[0]);
    TF_TString *error = TF_TensorData(found[1]);
    if (isnan(score)) {
      printf("-\t%s: %.*s\n", path, (int)TF_TString_GetSize(error),
             TF_TString_GetDataPointer(error));
      failed = 1;
    } else {
      printf("%.9g\t%s\n", score, path);
    }
    TF_DeleteTensor(found[0]);
    TF_DeleteTensor(found[1]);
  }
  TF_DeleteSession(session, status);
  TF_DeleteSessionOptions(options);
  TF_DeleteBuffer(meta_graph);
  TF_DeleteGraph(graph);
  TF_DeleteStatus(status);
  return failed;
}
