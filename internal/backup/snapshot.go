package backup

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Version is the newest version of repositories and snapshots that this program knows.
const Version = 1

// Bounds of a snapshot's document, so that one from outside cannot ask for the world.
const (
	maxDocument = 512 << 20
	maxFiles    = 4 << 20
	pieceBytes  = 4 << 20 // a file is cut at multiples of it
	maxFile     = 1 << 44
)

// Kind is what a file of a snapshot is.
type Kind string

// The kinds.
const (
	Records  Kind = "records"  // SQL: a SQLite file or a dump of PostgreSQL
	Journal  Kind = "journal"  // the beginning of a segment, or the file of cursors
	Manifest Kind = "manifest" // telemetry's table of contents
	Block    Kind = "block"
	Plain    Kind = "plain" // any other file of the data folder
	Config   Kind = "config"
)

// Snapshot names everything that one backup holds.
type Snapshot struct {
	Format  int       `json:"format"`
	Program string    `json:"program"` // version of the jingwei that wrote it
	Made    time.Time `json:"made"`    // of the cut
	Node    uuid.UUID `json:"node"`
	Name    string    `json:"name"`
	Engine  string    `json:"engine"` // of the records: sqlite or postgres

	Commit     uint64    `json:"commit,string"` // the cut: the last commit number that is in
	CommitTime time.Time `json:"commitTime"`
	Cursor     uint64    `json:"cursor,string"` // commits up to it are in blocks, those behind it in the journal
	Store      uuid.UUID `json:"store"`         // of the telemetry blocks
	Formats    Formats   `json:"formats"`

	Files   []File   `json:"files"`
	Damaged []string `json:"damaged,omitempty"` // files that were damaged already when they were copied

	id string
}

// File is one file of a snapshot.
type File struct {
	Name   string  `json:"name"` // path below the data folder, with slashes
	Kind   Kind    `json:"kind"`
	Bytes  int64   `json:"bytes,string"`
	Check  uint32  `json:"check,omitempty"` // of a block: CRC32C of its footer
	Pieces []Piece `json:"pieces"`
}

// Piece is a part of a file: all of it, or pieceBytes, the last one less.
type Piece struct {
	SHA256 string `json:"sha256"`
	Bytes  int64  `json:"bytes"`
}

// ID names the snapshot: its moment, and the beginning of its document's SHA-256.
func (s *Snapshot) ID() string { return s.id }

// Bytes is what all files have together.
func (s *Snapshot) Bytes() (n int64) {
	for i := range s.Files {
		n += s.Files[i].Bytes
	}
	return n
}

const timeForm = "20060102T150405.000Z"

func (s *Snapshot) encode() ([]byte, string, error) {
	b, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		return nil, "", err
	}
	return b, idOf(s.Made, b), nil
}

func idOf(at time.Time, document []byte) string {
	sum := sha256.Sum256(document)
	return at.UTC().Format(timeForm) + "-" + hex.EncodeToString(sum[:12])
}

// FormatError tells that something was written by a newer program.
type FormatError struct {
	What        string // which file or store
	Has, Knows  int
	Program     string // that wrote it; "" where nothing tells
	Description string // in the words of who found it, where Has is not known
}

func (e *FormatError) Error() string {
	use := "use the newer jingwei that wrote it"
	if e.Program != "" && e.Program != "unknown" {
		use = "use version ≥ " + e.Program
	}
	if e.Description != "" {
		return fmt.Sprintf("%s: %s: %s", e.What, e.Description, use)
	}
	return fmt.Sprintf("%s has format %d, this program knows up to %d: %s", e.What, e.Has, e.Knows, use)
}

// decodeSnapshot reads and checks a document from outside.
func decodeSnapshot(id string, b []byte) (*Snapshot, error) {
	bad := func(format string, a ...any) error {
		return &DamageError{What: "snapshot " + id, Reason: fmt.Sprintf(format, a...)}
	}
	if len(b) > maxDocument {
		return nil, bad("it has %d bytes, more than any program wrote", len(b))
	}
	var head struct {
		Format  int
		Program string
		Made    time.Time
	}
	if err := json.Unmarshal(b, &head); err != nil {
		return nil, bad("it is not a document: %v", err)
	}
	if idOf(head.Made, b) != id {
		return nil, bad("its content is not what its name says")
	}
	if head.Format > Version {
		return nil, &FormatError{What: "snapshot " + id, Has: head.Format, Knows: Version, Program: head.Program}
	}
	s := &Snapshot{id: id}
	if err := json.Unmarshal(b, s); err != nil {
		return nil, bad("it cannot be read: %v", err)
	}
	if len(s.Files) > maxFiles {
		return nil, bad("it names %d files", len(s.Files))
	}
	if s.Engine != "sqlite" && s.Engine != "postgres" {
		return nil, bad("its records are of the engine %q", s.Engine)
	}
	names := map[string]bool{}
	for i := range s.Files {
		f := &s.Files[i]
		if !goodName(f.Name) || names[f.Name] {
			return nil, bad("it names the file %q", f.Name)
		}
		names[f.Name] = true
		if err := f.check(); err != nil {
			return nil, bad("file %s: %v", f.Name, err)
		}
	}
	return s, nil
}

// goodName keeps what is restored within its folder, on every system.
func goodName(n string) bool {
	return n != "" && len(n) < 1024 && n == path.Clean(n) && !path.IsAbs(n) && n != "." && n != ".." &&
		!strings.HasPrefix(n, "../") && !strings.ContainsAny(n, "\\:\x00")
}

func (f *File) check() error {
	if f.Bytes < 0 || f.Bytes > maxFile {
		return fmt.Errorf("it has %d bytes", f.Bytes)
	}
	left := f.Bytes
	for _, p := range f.Pieces {
		want := min(left, pieceBytes)
		if p.Bytes != want || want == 0 || !goodHash(p.SHA256) {
			return errors.New("its pieces do not make up the file")
		}
		left -= want
	}
	if left != 0 {
		return errors.New("its pieces do not make up the file")
	}
	return nil
}

func goodHash(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == sha256.Size && s == strings.ToLower(s)
}

// DamageError tells that something in the repository is not what was written.
type DamageError struct{ What, Reason string }

func (e *DamageError) Error() string { return fmt.Sprintf("%s is damaged: %s", e.What, e.Reason) }

// Find returns the file of a name.
func (s *Snapshot) Find(name string) *File {
	i := slices.IndexFunc(s.Files, func(f File) bool { return f.Name == name })
	if i < 0 {
		return nil
	}
	return &s.Files[i]
}
