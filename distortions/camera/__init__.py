"""What happens to a photo in a camera, on its way to a file, and in the file."""
