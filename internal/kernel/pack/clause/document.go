package clause

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
)

// Documents are the texts that clauses are quoted from, by file name.
type Documents struct {
	byName map[string]document
}

type document struct {
	sha256 string // of the file, hex
	text   string // without white space: documents break lines inside sentences
}

const maxDocument = 4 << 20

// LoadDocuments reads *.txt of a folder. A folder that does not exist holds none.
func LoadDocuments(files fs.FS, dir string) (*Documents, error) {
	d := &Documents{byName: map[string]document{}}
	names, err := fs.Glob(files, path.Join(dir, "*.txt"))
	if err != nil {
		return nil, fmt.Errorf("read documents: %w", err)
	}
	for _, n := range names {
		data, err := fs.ReadFile(files, n)
		if err != nil {
			return nil, fmt.Errorf("read document: %w", err)
		}
		if len(data) > maxDocument {
			return nil, fmt.Errorf("read document %s: has %d bytes; at most %d fit", n, len(data), maxDocument)
		}
		sum := sha256.Sum256(data)
		d.byName[path.Base(n)] = document{sha256: hex.EncodeToString(sum[:]), text: squeeze(string(data))}
	}
	return d, nil
}
