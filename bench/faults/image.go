package faults

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/file/fault"
	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/block"
)

// The kinds of files that a node has on its disk, SQL records apart: those are SQLite's.
const (
	segmentFile    = "journal segment"
	blockFile      = "block"
	manifestFile   = "manifest"
	tileFile       = "evidence tile"
	checkpointFile = "evidence checkpoint"
	pendingFile    = "evidence journal"
	otherFile      = "other"
)

// image is what a node that has ended left on its disk, and what must be read from it.
type image struct {
	files map[string][]byte
	kinds map[string][]string // names by kind, sorted
	book  *book
	// spans are the source times, half-open, that a block holds of a series.
	spans map[string][]telemetry.Span
}

// take lives the scripted life with batches of many rows and keeps the disk.
func take(ctx context.Context, seed uint64, rows int) (*image, error) {
	disk := fault.NewDisk(seed)
	l := &life{node: newNode(disk), book: newBook(), rows: rows}
	if err := errors.Join(l.run(ctx), errors.Join(l.said...)); err != nil {
		return nil, fmt.Errorf("the life whose files are to be damaged: %w", err)
	}
	// The evidence log keeps entries that no checkpoint covers only when it ends as by kill -9: closing signs them.
	disk.Kill()
	_ = l.close()
	im := &image{files: map[string][]byte{}, kinds: map[string][]string{}, book: l.book, spans: map[string][]telemetry.Span{}}
	if err := im.walk(disk, "/node"); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(im.files)) {
		kind := kindOf(name)
		im.kinds[kind] = append(im.kinds[kind], name)
	}
	for _, name := range im.kinds[blockFile] {
		if err := im.measure(disk, name); err != nil {
			return nil, err
		}
	}
	for _, kind := range []string{segmentFile, blockFile, manifestFile, tileFile, checkpointFile, pendingFile} {
		if len(im.kinds[kind]) == 0 {
			return nil, fmt.Errorf("the life left no %s", kind)
		}
	}
	return im, nil
}

func (im *image) walk(fs file.FS, dir string) error {
	entries, err := fs.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := filepath.Join(dir, e.Name())
		if e.IsDir() {
			if err := im.walk(fs, name); err != nil {
				return err
			}
			continue
		}
		f, err := fs.OpenFile(name, os.O_RDONLY, 0)
		if err != nil {
			return err
		}
		size, err := f.Size()
		data := make([]byte, size)
		if err == nil && size > 0 {
			_, err = f.ReadAt(data, 0)
		}
		_ = f.Close()
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if size > 0 { // an empty file has no bit; locks are such
			im.files[name] = data
		}
	}
	return nil
}

func kindOf(name string) string {
	rest, inEvidence := strings.CutPrefix(name, evidenceDir+"/")
	switch {
	case strings.HasPrefix(name, journalDir) && strings.HasSuffix(name, ".seg"):
		return segmentFile
	case strings.HasSuffix(name, ".jwb"):
		return blockFile
	case name == telemetryDir+"/manifest":
		return manifestFile
	case inEvidence && strings.HasPrefix(rest, "tile/"):
		return tileFile
	case inEvidence && rest == "checkpoint":
		return checkpointFile
	case inEvidence && strings.HasPrefix(rest, "pending/"):
		return pendingFile
	}
	return otherFile
}

// measure notes which times a block holds.
func (im *image) measure(fs file.FS, name string) error {
	r, err := block.Open(fs, name)
	if err != nil {
		return err
	}
	defer r.Close()
	spans := make([]telemetry.Span, len(types))
	for i, d := range declarations() {
		chunks, err := r.Chunks(d.ID, 0, telemetry.MaxTime, nil)
		if err != nil {
			return err
		}
		for k := range chunks {
			if spans[i] == (telemetry.Span{}) {
				spans[i].From = telemetry.MaxTime
			}
			spans[i].From, spans[i].To = min(spans[i].From, chunks[k].MinTime), max(spans[i].To, chunks[k].MaxTime+1)
		}
	}
	im.spans[name] = spans
	return nil
}

// restore puts the files of journal and store, or those of the evidence log, on a new disk, with one bit of the damaged
// one flipped.
func (im *image) restore(seed uint64, damaged string, off int64, bit uint) (*fault.Disk, error) {
	disk := fault.NewDisk(seed)
	for name, data := range im.files {
		if strings.HasPrefix(name, evidenceDir) != strings.HasPrefix(damaged, evidenceDir) {
			continue
		}
		size := int64(len(data))
		data = data[:used(data)] // the rest is a hole
		if name == damaged {
			data = append(bytes.Clone(data), make([]byte, max(0, off+1-int64(len(data))))...)
			data[off] ^= 1 << bit
		}
		if err := put(disk, name, data, size); err != nil {
			return nil, err
		}
	}
	return disk, nil
}

func put(disk *fault.Disk, name string, data []byte, size int64) error {
	if err := disk.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	f, err := disk.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if _, err = f.WriteAt(data, 0); err == nil {
		err = f.Truncate(size)
	}
	return errors.Join(err, f.Close())
}

// used is how many bytes of a file hold something: a journal segment is zeros from some place on.
func used(data []byte) int64 { return int64(len(bytes.TrimRight(data, "\x00"))) }
