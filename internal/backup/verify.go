package backup

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"jingwei/internal/kernel/store"
)

// Report is what Verify or Fsck found.
type Report struct {
	Subject  string    `json:"subject"` // a snapshot, or a data folder
	Summary  Summary   `json:"summary"`
	Findings []Finding `json:"findings"`
}

// Damaged tells whether anything is wrong beyond what is merely odd.
func (r *Report) Damaged() bool {
	return slices.ContainsFunc(r.Findings, func(f Finding) bool { return !f.Warning })
}

// Verify checks a snapshot without restoring it: the hash of every piece, and then what is in the files, as Fsck does
// with a data folder. work is a folder for the records, which their engine must have in a file; "" is the system's.
// Errors: those of Load; what is wrong with the content is in the report.
func (r *Repository) Verify(ctx context.Context, id, work string, tell func(Progress)) (*Report, error) {
	s, err := r.Load(id)
	if err != nil {
		return nil, err
	}
	if name, has, knows := s.Formats.newer(); name != "" {
		return nil, &FormatError{What: "snapshot " + s.ID() + " (" + name + ")", Has: has, Knows: knows, Program: s.Program}
	}
	t := &stored{r: r, s: s, work: work, bad: map[string]bool{}}
	n := &inspection{tree: t, fs: r.fs, tell: tell, told: t.bad}
	n.at = Progress{Phase: "pieces", Total: s.Bytes()}
	if err := t.pieces(ctx, n); err != nil {
		return nil, err
	}
	if err := n.run(ctx); err != nil {
		return nil, fmt.Errorf("verify snapshot %s: %w", s.ID(), err)
	}
	for _, name := range s.Damaged {
		n.find(Finding{File: name, Offset: -1, Warning: true, What: "it was damaged or missing already when the backup was made"})
	}
	return &Report{"snapshot " + s.ID(), n.summary, n.findings}, nil
}

// stored is a snapshot as a tree. Files with damaged pieces are told once and left out.
type stored struct {
	r    *Repository
	s    *Snapshot
	work string
	bad  map[string]bool
	last lastPiece
}

// pieces compares every piece with its hash. A piece that several files share is read once.
func (t *stored) pieces(ctx context.Context, n *inspection) error {
	seen := map[Piece]error{}
	for i := range t.s.Files {
		f := &t.s.Files[i]
		for k, p := range f.Pieces {
			if err := ctx.Err(); err != nil {
				return err
			}
			err, known := seen[p]
			if !known {
				_, err = t.r.piece(p)
				seen[p] = err
			}
			n.done(p.Bytes)
			if err != nil {
				t.bad[f.Name] = true
				n.find(Finding{File: f.Name, Offset: int64(k) * pieceBytes, What: err.Error(), Mend: copyAgain})
			}
		}
	}
	return nil
}

func (t *stored) files() (out []listed, err error) {
	for _, f := range t.s.Files {
		if !t.bad[f.Name] {
			out = append(out, listed{f.Name, f.Bytes})
		}
	}
	return out, nil
}

func (t *stored) open(name string) (io.ReaderAt, func(), error) {
	f := t.s.Find(name)
	if f == nil {
		return nil, nil, &DamageError{name, "it is missing"}
	}
	return t.r.open(f, &t.last), func() {}, nil
}

// records writes the SQLite file out, for its engine reads nothing else.
func (t *stored) records(ctx context.Context) (string, func(), error) {
	f := t.s.Find(store.SQLiteFile)
	if t.s.Engine != string(store.SQLite) {
		return "", func() {}, nil
	}
	if f == nil {
		return "", nil, &DamageError{store.SQLiteFile, "it is missing"}
	}
	dir, err := os.MkdirTemp(t.work, "jingwei-verify-")
	if err != nil {
		return "", nil, err
	}
	done := func() { _ = os.RemoveAll(dir) }
	name := filepath.Join(dir, store.SQLiteFile)
	if err := writeOut(ctx, t.r, f, name, nil); err != nil {
		done()
		return "", nil, err
	}
	return name, done, nil
}

// writeOut writes a file of a snapshot.
func writeOut(ctx context.Context, r *Repository, f *File, name string, done func(int64)) error {
	out, err := r.fs.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer out.Close() // after an error; else closed below
	off := int64(0)
	for _, p := range f.Pieces {
		if err := ctx.Err(); err != nil {
			return err
		}
		b, err := r.piece(p)
		if err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
		if _, err := out.WriteAt(b, off); err != nil {
			return err
		}
		off += p.Bytes
		if done != nil {
			done(p.Bytes)
		}
	}
	if f.Kind == Journal && strings.HasSuffix(f.Name, ".seg") {
		if err := fullSize(out, f); err != nil {
			return err
		}
	}
	if err := out.Datasync(); err != nil {
		return err
	}
	return out.Close()
}
