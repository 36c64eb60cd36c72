"""Photos: decoding, crops, references and ranked batches."""
