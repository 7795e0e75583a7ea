package backup

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/file"
)

// Repository is a folder of pieces and snapshots, for one node or for many. It holds private keys: it is its owner's
// alone (0700), and no more protected than the disk that it is on.
type Repository struct {
	fs     file.FS
	dir    string
	lock   io.Closer
	wrote  map[string]bool // folders with names that are not durable yet
	mu     sync.Mutex
	header header
}

type header struct {
	What    string    `json:"what"`
	Format  int       `json:"format"`
	Program string    `json:"program"`
	ID      uuid.UUID `json:"id"`
	Made    time.Time `json:"made"`
}

const (
	repositoryFile = "repository.json"
	repositoryWhat = "jingwei backup repository"
	dataDir        = "data"
	snapshotDir    = "snapshots"
	lockFile       = "lock"
)

// NotRepositoryError tells that a folder is none.
type NotRepositoryError struct{ Dir, Reason string }

func (e *NotRepositoryError) Error() string {
	return fmt.Sprintf("%s is no backup repository: %s; give the folder that \"jingwei backup --to\" has written", e.Dir, e.Reason)
}

// OpenRepository opens a repository to read from it. Errors: *NotRepositoryError, *FormatError.
func OpenRepository(fsys file.FS, dir string) (*Repository, error) {
	r := &Repository{fs: fsys, dir: dir, wrote: map[string]bool{}}
	b, err := readAll(fsys, filepath.Join(dir, repositoryFile), 1<<16)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &NotRepositoryError{dir, repositoryFile + " is not there"}
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(b, &r.header); err != nil || r.header.What != repositoryWhat {
		return nil, &NotRepositoryError{dir, repositoryFile + " does not say so"}
	}
	if r.header.Format > Version {
		return nil, &FormatError{What: "the repository " + dir, Has: r.header.Format, Knows: Version, Program: r.header.Program}
	}
	return r, nil
}

// WriteRepository opens a repository to write to it, or begins one in a folder that is empty or not there yet. It is
// locked until Close. Errors: those of OpenRepository, file.ErrLocked.
func WriteRepository(fsys file.FS, dir, program string, now time.Time) (*Repository, error) {
	r, err := OpenRepository(fsys, dir)
	var not *NotRepositoryError
	if errors.As(err, &not) {
		entries, e := fsys.ReadDir(dir)
		if e != nil && !errors.Is(e, fs.ErrNotExist) {
			return nil, e
		}
		for _, e := range entries { // what an interrupted beginning left is no reason to refuse
			if !slices.Contains([]string{dataDir, snapshotDir, lockFile, repositoryFile + ".tmp", "lost+found"}, e.Name()) {
				return nil, &NotRepositoryError{dir, "it has other files in it, such as " + e.Name()}
			}
		}
		r, err = beginRepository(fsys, dir, program, now)
	}
	if err != nil {
		return nil, err
	}
	if r.lock, err = fsys.Lock(filepath.Join(dir, lockFile)); err != nil {
		if errors.Is(err, file.ErrLocked) {
			err = fmt.Errorf("another backup or prune is writing to %s; wait until it has ended: %w", dir, err)
		}
		return nil, err
	}
	return r, nil
}

func beginRepository(fsys file.FS, dir, program string, now time.Time) (*Repository, error) {
	for _, d := range []string{dir, filepath.Join(dir, dataDir), filepath.Join(dir, snapshotDir)} {
		if err := file.MakeDir(fsys, d, 0o700); err != nil {
			return nil, err
		}
	}
	r := &Repository{fs: fsys, dir: dir, wrote: map[string]bool{},
		header: header{repositoryWhat, Version, program, uuid.Must(uuid.NewV7()), now.UTC()}}
	b, err := json.MarshalIndent(r.header, "", " ")
	if err != nil {
		return nil, err
	}
	return r, file.WriteAtomic(fsys, filepath.Join(dir, repositoryFile), append(b, '\n'), 0o600)
}

// Close lets go of the lock.
func (r *Repository) Close() error {
	if r.lock == nil {
		return nil
	}
	return r.lock.Close()
}

func (r *Repository) piecePath(hash string) string {
	return filepath.Join(r.dir, dataDir, hash[:2], hash)
}

// has tells whether a piece is there, whole as far as its size tells.
func (r *Repository) has(p Piece) bool {
	info, err := r.fs.Stat(r.piecePath(p.SHA256))
	return err == nil && info.Size() == p.Bytes
}

// put stores a piece and tells whether it had to be written. It is durable after sync.
func (r *Repository) put(data []byte) (p Piece, written bool, err error) {
	sum := sha256.Sum256(data)
	p = Piece{hex.EncodeToString(sum[:]), int64(len(data))}
	name := r.piecePath(p.SHA256)
	dir := filepath.Dir(name)
	if err := r.folder(dir); err != nil {
		return p, false, err
	}
	if r.has(p) {
		return p, false, nil
	}
	tmp := fmt.Sprintf("%s.%s.tmp", name, uuid.NewString()[:8])
	f, err := r.fs.OpenFile(tmp, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return p, false, err
	}
	if _, err = f.WriteAt(data, 0); err == nil {
		err = f.Datasync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = r.fs.Rename(tmp, name)
	}
	if err != nil {
		_ = r.fs.Remove(tmp)
		return p, false, fmt.Errorf("write to the repository: %w", err)
	}
	return p, true, nil
}

// folder makes a folder of pieces and notes it for sync, also where the piece is there already: a killed backup may have
// left its name in the page cache only. Whoever finds it noted finds it made: hence the lock around both.
func (r *Repository) folder(dir string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.wrote[dir] {
		return nil
	}
	if err := r.fs.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	r.wrote[dir] = true
	return nil
}

// sync makes the names of all pieces durable.
func (r *Repository) sync() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for dir := range r.wrote {
		if err := r.fs.SyncDir(dir); err != nil {
			return err
		}
		delete(r.wrote, dir)
	}
	return r.fs.SyncDir(filepath.Join(r.dir, dataDir))
}

// piece reads a piece and checks it. Error: *DamageError.
func (r *Repository) piece(p Piece) ([]byte, error) {
	what := "piece " + p.SHA256
	b, err := readAll(r.fs, r.piecePath(p.SHA256), pieceBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &DamageError{what, "it is missing"}
	}
	if err != nil {
		return nil, &DamageError{what, err.Error()}
	}
	if int64(len(b)) != p.Bytes {
		return nil, &DamageError{what, fmt.Sprintf("it has %d of %d bytes", len(b), p.Bytes)}
	}
	if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) != p.SHA256 {
		return nil, &DamageError{what, "its content is not what its name says"}
	}
	return b, nil
}

// add writes a snapshot's document, the last step of a backup.
func (r *Repository) add(s *Snapshot) error {
	if err := r.sync(); err != nil {
		return err
	}
	b, id, err := s.encode()
	if err != nil {
		return err
	}
	s.id = id
	return file.WriteAtomic(r.fs, r.documentPath(id), b, 0o600)
}

func (r *Repository) documentPath(id string) string {
	return filepath.Join(r.dir, snapshotDir, id+".json")
}

// IDs lists the snapshots, oldest first.
func (r *Repository) IDs() ([]string, error) {
	entries, err := r.fs.ReadDir(filepath.Join(r.dir, snapshotDir))
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, e := range entries {
		if id, ok := strings.CutSuffix(e.Name(), ".json"); ok && !e.IsDir() {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids, nil
}

// UnknownSnapshotError tells that a repository has no such snapshot.
type UnknownSnapshotError struct {
	ID    string
	Known []string
}

func (e *UnknownSnapshotError) Error() string {
	if len(e.Known) == 0 {
		return "the repository has no snapshot: no backup into it has been completed"
	}
	return fmt.Sprintf("the repository has no snapshot %q; it has %s", e.ID, strings.Join(e.Known, ", "))
}

// Load reads a snapshot; "" is the newest, and the beginning of an id stands for it where it is the only one.
// Errors: *UnknownSnapshotError, *DamageError, *FormatError.
func (r *Repository) Load(id string) (*Snapshot, error) {
	ids, err := r.IDs()
	if err != nil {
		return nil, err
	}
	var match []string
	for _, known := range ids {
		if strings.HasPrefix(known, id) {
			match = append(match, known)
		}
	}
	switch {
	case id == "" && len(ids) > 0:
		id = ids[len(ids)-1]
	case len(match) == 1:
		id = match[0]
	case !slices.Contains(ids, id):
		return nil, &UnknownSnapshotError{id, ids}
	}
	b, err := readAll(r.fs, r.documentPath(id), maxDocument)
	if err != nil {
		return nil, &DamageError{"snapshot " + id, err.Error()}
	}
	return decodeSnapshot(id, b)
}

// readAll reads a whole file of at most limit bytes.
func readAll(fsys file.FS, name string, limit int64) ([]byte, error) {
	f, err := fsys.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	if size > limit {
		return nil, fmt.Errorf("%s has %d bytes, more than %d", name, size, limit)
	}
	b := make([]byte, size)
	if n, err := f.ReadAt(b, 0); err != nil && (err != io.EOF || n < len(b)) {
		return nil, err
	}
	return b, nil
}

// contents reads a file of a snapshot piece by piece. It keeps the last one, which is right for reading in order.
type contents struct {
	r    *Repository
	f    *File
	last *lastPiece
}

// lastPiece is the piece that was read last, by whichever of the files that share it: a journal has hundreds, which are
// open together and read one after another.
type lastPiece struct {
	mu   sync.Mutex
	of   Piece
	data []byte // nil: none
}

func (r *Repository) open(f *File, last *lastPiece) *contents { return &contents{r, f, last} }

func (c *contents) ReadAt(b []byte, off int64) (n int, err error) {
	c.last.mu.Lock()
	defer c.last.mu.Unlock()
	for n < len(b) {
		if off >= c.f.Bytes {
			return n, io.EOF
		}
		i := int(off / pieceBytes)
		if p := c.f.Pieces[i]; c.last.data == nil || c.last.of != p {
			c.last.data = nil
			if c.last.data, err = c.r.piece(p); err != nil {
				return n, fmt.Errorf("%s: %w", c.f.Name, err)
			}
			c.last.of = p
		}
		k := copy(b[n:], c.last.data[off-int64(i)*pieceBytes:])
		n, off = n+k, off+int64(k)
	}
	return n, nil
}
