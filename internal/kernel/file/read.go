package file

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// ReadAll returns the content of a file of at most limit bytes. Errors: fs.ErrNotExist, io.ErrUnexpectedEOF where the
// file was cut meanwhile, one that names the file and both sizes where it is larger.
func ReadAll(f FS, name string, limit int64) ([]byte, error) {
	h, err := f.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer h.Close()
	size, err := h.Size()
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if size > limit {
		return nil, fmt.Errorf("%s has %d bytes, at most %d are expected", name, size, limit)
	}
	b := make([]byte, size)
	n, err := h.ReadAt(b, 0)
	switch {
	case int64(n) == size:
		return b, nil
	case errors.Is(err, io.EOF):
		err = io.ErrUnexpectedEOF
	}
	return nil, fmt.Errorf("read %s: %w", name, err)
}
