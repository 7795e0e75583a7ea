package seal

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"jingwei/internal/kernel/evidence"
	"jingwei/internal/kernel/file"
)

// maxTile bounds a file that is served: a bundle of 256 entries of the greatest size.
const maxTile = 256 << 16

// TilesOf reads files of a log's folder, for Options.Tiles. Names were checked.
func TilesOf(files file.FS, dir string) func(name string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		f, err := files.OpenFile(filepath.Join(dir, filepath.FromSlash(name)), os.O_RDONLY, 0)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		size, err := f.Size()
		if err != nil || size > maxTile {
			return nil, fmt.Errorf("read %s: %d bytes: %w", name, size, err)
		}
		data := make([]byte, size)
		if _, err := f.ReadAt(data, 0); err != nil && err != io.EOF {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		return data, nil
	}
}

// PublicKeys are the public keys of a log's signers as text, for Options.Keys.
func PublicKeys(signers []evidence.Signer) []string {
	out := make([]string, len(signers))
	for i, s := range signers {
		out[i] = s.Verifier().String()
	}
	return out
}
