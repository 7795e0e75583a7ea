package index

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"

	"jingwei/internal/kernel/file"
)

// Mark says through which commit an index holds everything: its number, and a hash by which the commit is known again. The zero Mark is
// that of an index that holds nothing yet.
type Mark struct {
	Commit int64
	Hash   [32]byte
}

// manifest names the segments that count. What it does not name is left from an interrupted flush.
type manifest struct {
	Format   string   `json:"format"`
	Seed     uint64   `json:"seed,string"`
	Commit   int64    `json:"commit,string"`
	Hash     string   `json:"hash"`
	Next     uint64   `json:"next,string"` // number of the next segment; numbers are never used again
	Segments []uint64 `json:"segments"`    // the newest first
}

const (
	manifestName   = "manifest"
	manifestFormat = "jingwei-identifier-index/1"
	maxManifest    = 64 << 10
	suffix         = ".jwi"
)

func segmentName(dir string, number uint64) string {
	return filepath.Join(dir, fmt.Sprintf("%016x%s", number, suffix))
}

// encode writes the manifest: a line of JSON, and one with its CRC32C.
func (m *manifest) encode() ([]byte, error) {
	m.Format = manifestFormat
	if m.Segments == nil {
		m.Segments = []uint64{}
	}
	b, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	b = append(b, '\n')
	return fmt.Appendf(b, "crc32c %08x\n", checksum(b)), nil
}

// parseManifest reads what encode wrote. Error: ErrDamaged.
func parseManifest(b []byte) (*manifest, error) {
	line, rest, _ := bytes.Cut(b, []byte("\n"))
	digits, ok := strings.CutPrefix(string(rest), "crc32c ")
	sum, err := strconv.ParseUint(strings.TrimSuffix(digits, "\n"), 16, 32)
	if !ok || err != nil || len(digits) != 9 || uint32(sum) != checksum(append(bytes.Clone(line), '\n')) {
		return nil, fmt.Errorf("%w: the checksum of the manifest", ErrDamaged)
	}
	var m manifest
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return nil, fmt.Errorf("%w: the manifest: %w", ErrDamaged, err)
	}
	if m.Format != manifestFormat {
		return nil, fmt.Errorf("%w: the manifest has the format %.60q, this program reads %q", ErrDamaged, m.Format, manifestFormat)
	}
	if h, err := hex.DecodeString(m.Hash); err != nil || len(h) != len(Mark{}.Hash) {
		return nil, fmt.Errorf("%w: the hash in the manifest", ErrDamaged)
	}
	return &m, nil
}

func (m *manifest) mark() (out Mark) {
	out.Commit = m.Commit
	_, _ = hex.Decode(out.Hash[:], []byte(m.Hash)) // parseManifest has checked it
	return out
}

// readManifest returns nil where there is none. Error: ErrDamaged.
func readManifest(files file.FS, dir string) (*manifest, error) {
	b, err := file.ReadAll(files, filepath.Join(dir, manifestName), maxManifest)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return parseManifest(b)
}

// sweep removes the segments that the manifest does not name.
func sweep(files file.FS, dir string, m *manifest) error {
	list, err := files.ReadDir(dir)
	if err != nil {
		return err
	}
	named := map[string]bool{}
	for _, n := range m.Segments {
		named[filepath.Base(segmentName(dir, n))] = true
	}
	for _, e := range list {
		if strings.HasSuffix(e.Name(), suffix) && !named[e.Name()] {
			if err := files.Remove(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}
