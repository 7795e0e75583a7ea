package blob

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/google/uuid"

	"jingwei/internal/kernel/file"
)

// What may go wrong with an object.
var (
	ErrNotFound = errors.New("no such object")
	ErrDamaged  = errors.New("the object on disk is not what its name says; restore it from a backup")
)

// TooLargeError tells that an object is larger than was allowed.
type TooLargeError struct{ Limit int64 }

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("the object is larger than %d bytes", e.Limit)
}

// ID names an object: "sha256:" and 64 hex digits.
type ID string

const algorithm = "sha256"

// ParseID checks an id that came from outside.
func ParseID(s string) (ID, error) {
	digits, ok := strings.CutPrefix(s, algorithm+":")
	if b, err := hex.DecodeString(digits); !ok || err != nil || len(b) != sha256.Size || digits != strings.ToLower(digits) {
		return "", fmt.Errorf("object id %.80q: want sha256: and 64 hex digits in lower case", s)
	}
	return ID(s), nil
}

// Info is an object's id and size in bytes.
type Info struct {
	ID   ID    `json:"id"`
	Size int64 `json:"size,string"`
}

// Store is a folder of objects. Its methods are safe for concurrent use.
type Store struct {
	fs  file.FS
	dir string
	max int64

	mu      sync.Mutex
	durable map[string]bool // folders whose own name is on the medium
}

// piece is how much is read or written at once.
const piece = 256 << 10

// Open prepares the folder and throws away what an interrupted Put left. max bounds every object, in bytes.
func Open(files file.FS, dir string, max int64) (*Store, error) {
	s := &Store{fs: files, dir: dir, max: max, durable: map[string]bool{}}
	for _, d := range []string{dir, s.fresh(), filepath.Join(dir, algorithm)} {
		if err := files.MkdirAll(d, 0o700); err != nil {
			return nil, fmt.Errorf("make the object folder %s: %w", d, err)
		}
	}
	// A process that was killed may have left names that are not on the medium yet.
	for _, d := range []string{filepath.Dir(dir), dir, filepath.Join(dir, algorithm)} {
		if err := files.SyncDir(d); err != nil {
			return nil, fmt.Errorf("sync the object folder %s: %w", d, err)
		}
	}
	left, err := files.ReadDir(s.fresh())
	if err != nil {
		return nil, fmt.Errorf("read the object folder: %w", err)
	}
	for _, e := range left {
		if err := files.Remove(filepath.Join(s.fresh(), e.Name())); err != nil {
			return nil, fmt.Errorf("remove an unfinished object: %w", err)
		}
	}
	return s, nil
}

func (s *Store) fresh() string { return filepath.Join(s.dir, "new") }

func (s *Store) folder(id ID) string {
	return filepath.Join(s.dir, algorithm, string(id[len(algorithm)+1:][:2]))
}

func (s *Store) path(id ID) string {
	return filepath.Join(s.folder(id), string(id[len(algorithm)+1:]))
}

// Put stores what r holds, at most limit bytes (and never more than the store's own bound); 0 means the store's bound.
// When it returns nil the object is durable. Content that is there already is stored once.
// Errors: *TooLargeError; whatever r or the disk say.
func (s *Store) Put(ctx context.Context, r io.Reader, limit int64) (Info, error) {
	if limit <= 0 || limit > s.max {
		limit = s.max
	}
	name := filepath.Join(s.fresh(), uuid.NewString())
	f, err := s.fs.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return Info{}, fmt.Errorf("store an object: %w", err)
	}
	info, err := s.fill(ctx, f, r, limit)
	if err = errors.Join(err, f.Close()); err == nil {
		err = s.give(name, info)
	} else {
		_ = s.fs.Remove(name) // else Open does it
	}
	if err != nil {
		return Info{}, fmt.Errorf("store an object: %w", err)
	}
	return info, nil
}

func (s *Store) fill(ctx context.Context, f file.File, r io.Reader, limit int64) (Info, error) {
	sum := sha256.New()
	buf := make([]byte, piece)
	var n int64
	for {
		if err := ctx.Err(); err != nil {
			return Info{}, err
		}
		m, err := io.ReadFull(r, buf)
		if n+int64(m) > limit {
			return Info{}, &TooLargeError{Limit: limit}
		}
		if m > 0 {
			sum.Write(buf[:m])
			if _, err := f.WriteAt(buf[:m], n); err != nil {
				return Info{}, err
			}
			n += int64(m)
		}
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			break
		}
		if err != nil {
			return Info{}, err
		}
	}
	if err := f.Datasync(); err != nil {
		return Info{}, err
	}
	return Info{ID: id(sum), Size: n}, nil
}

// give moves a finished file to its name. Two equal objects at once are no matter: one replaces the other.
func (s *Store) give(name string, info Info) error {
	folder := s.folder(info.ID)
	if err := s.folderOnMedium(folder); err != nil {
		return err
	}
	if err := s.fs.Rename(name, s.path(info.ID)); err != nil {
		return err
	}
	return s.fs.SyncDir(folder)
}

// folderOnMedium makes a folder and its name durable. That it is there says nothing: another Put may have made it a
// moment ago and not synced it yet.
func (s *Store) folderOnMedium(folder string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.durable[folder] {
		return nil
	}
	if err := s.fs.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	if err := s.fs.SyncDir(filepath.Dir(folder)); err != nil {
		return err
	}
	s.durable[folder] = true
	return nil
}

// Stat tells an object's size. Error: ErrNotFound.
func (s *Store) Stat(id ID) (Info, error) {
	if _, err := ParseID(string(id)); err != nil {
		return Info{}, err
	}
	i, err := s.fs.Stat(s.path(id))
	if errors.Is(err, fs.ErrNotExist) {
		return Info{}, fmt.Errorf("%s: %w", id, ErrNotFound)
	}
	if err != nil {
		return Info{}, fmt.Errorf("look for object %s: %w", id, err)
	}
	return Info{ID: id, Size: i.Size()}, nil
}

// Get opens an object. The reader gives io.EOF only when everything read agrees with the id, else ErrDamaged: a caller
// that must not hand on a single wrong byte reads to the end first (ReadAll). Error: ErrNotFound.
func (s *Store) Get(id ID) (io.ReadCloser, Info, error) {
	info, err := s.Stat(id)
	if err != nil {
		return nil, Info{}, err
	}
	f, err := s.fs.OpenFile(s.path(id), os.O_RDONLY, 0)
	if err != nil {
		return nil, Info{}, fmt.Errorf("open object %s: %w", id, err)
	}
	return &reader{f: f, sum: sha256.New(), info: info}, info, nil
}

// ReadAll returns an object of at most limit bytes, checked. Errors: ErrNotFound, ErrDamaged, *TooLargeError.
func (s *Store) ReadAll(id ID, limit int64) ([]byte, error) {
	r, info, err := s.Get(id)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	if info.Size > limit {
		return nil, fmt.Errorf("read object %s: %w", id, &TooLargeError{Limit: limit})
	}
	out := make([]byte, 0, info.Size+1)
	for {
		n, err := r.Read(out[len(out):cap(out)])
		out = out[:len(out)+n]
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// Remove forgets an object that nothing refers to any more. Error: ErrNotFound.
func (s *Store) Remove(id ID) error {
	if _, err := s.Stat(id); err != nil {
		return err
	}
	if err := s.fs.Remove(s.path(id)); err != nil {
		return fmt.Errorf("remove object %s: %w", id, err)
	}
	return s.fs.SyncDir(s.folder(id))
}

type reader struct {
	f    file.File
	sum  hash.Hash
	info Info
	off  int64
}

func (r *reader) Read(p []byte) (int, error) {
	if r.off == r.info.Size {
		if id(r.sum) != r.info.ID {
			return 0, fmt.Errorf("read object %s: %w", r.info.ID, ErrDamaged)
		}
		return 0, io.EOF
	}
	if left := r.info.Size - r.off; int64(len(p)) > left {
		p = p[:left]
	}
	n, err := r.f.ReadAt(p, r.off)
	r.sum.Write(p[:n])
	r.off += int64(n)
	if err == io.EOF && n < len(p) { // the file has become shorter
		err = ErrDamaged
	} else if err == io.EOF {
		err = nil
	}
	if err != nil {
		err = fmt.Errorf("read object %s at %d: %w", r.info.ID, r.off, err)
	}
	return n, err
}

func (r *reader) Close() error { return r.f.Close() }

func id(sum hash.Hash) ID { return ID(algorithm + ":" + hex.EncodeToString(sum.Sum(nil))) }
