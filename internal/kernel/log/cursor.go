package log

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"slices"
	"sync"

	"jingwei/internal/kernel/file"
)

// Cursor is a follower's durable place in the journal. It holds nothing: records behind it are trimmed regardless.
type Cursor struct {
	all  *cursors
	name string
}

// cursors are all cursors of a journal, kept in one small file that is replaced as a whole.
type cursors struct {
	log    *Log
	mu     sync.Mutex // the values
	values map[string]uint64
	dirty  bool
	saving sync.Mutex // one writer of the file at a time
}

const (
	cursorsName     = "cursors"
	maxCursors      = 1024
	cursorsMaxBytes = 16 + maxCursors*(9+maxNameBytes)
)

var cursorsMagic = [8]byte{'J', 'W', 'L', 'O', 'G', 'C', 'U', 'R'}

// Cursor returns the cursor of that name (1 to 64 printable ASCII characters; at most 1,024 in a journal); a new one
// stands at 0.
func (l *Log) Cursor(name string) (*Cursor, error) {
	if err := checkName("cursor", name); err != nil {
		return nil, err
	}
	c := &l.cursors
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.values[name]; !ok {
		if len(c.values) == maxCursors {
			return nil, fmt.Errorf("journal: no room for cursor %q beside the %d that are there", name, maxCursors)
		}
		c.values[name] = 0
	}
	return &Cursor{c, name}, nil
}

// Load returns what was saved last: by custom the number of the next record to read, as for Partition.Read.
func (c *Cursor) Load() uint64 {
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	return c.all.values[c.name]
}

// Save sets the cursor. It becomes durable within seconds, with Flush, or with Close; a crash before brings an earlier
// value back, so a follower may meet some records again.
func (c *Cursor) Save(n uint64) {
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	if c.all.values[c.name] != n {
		c.all.values[c.name] = n
		c.all.dirty = true
	}
}

// Flush makes all cursors of the journal durable.
func (c *Cursor) Flush() error {
	v := &c.all.log.view
	v.Lock()
	err := v.err
	v.Unlock()
	if err != nil {
		return err
	}
	return c.all.flush()
}

// flush writes the file anew if something changed. A failed try has harmed nothing: the old file stays, and the next
// try writes other blocks.
func (c *cursors) flush() error {
	c.saving.Lock()
	defer c.saving.Unlock()
	c.mu.Lock()
	if !c.dirty {
		c.mu.Unlock()
		return nil
	}
	data := encodeCursors(c.values)
	c.dirty = false
	c.mu.Unlock()
	err := file.WriteAtomic(c.log.fs, c.log.path(cursorsName), data, 0o640)
	if err != nil {
		c.mu.Lock()
		c.dirty = true
		c.mu.Unlock()
		return fmt.Errorf("save journal cursors: %w", err)
	}
	return nil
}

func (c *cursors) load() error {
	c.values = map[string]uint64{}
	f, err := c.log.fs.OpenFile(c.log.path(cursorsName), os.O_RDONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return err
	}
	if size > cursorsMaxBytes {
		return &CorruptError{Segment: cursorsName, Reason: fmt.Sprintf("it has %d bytes, more than any program wrote", size)}
	}
	data := make([]byte, size)
	if _, err := f.ReadAt(data, 0); err != nil && size > 0 {
		return fmt.Errorf("read journal cursors: %w", noEOF(err))
	}
	if c.values, err = decodeCursors(data); err != nil {
		return &CorruptError{Segment: cursorsName, Reason: err.Error()}
	}
	return nil
}

// encodeCursors: magic, version, count, then for each, by name, its value, the length of its name and the name; last
// the CRC32C of all that.
func encodeCursors(values map[string]uint64) []byte {
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	b := slices.Clone(cursorsMagic[:])
	b = binary.LittleEndian.AppendUint16(b, formatVersion)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(names)))
	for _, name := range names {
		b = binary.LittleEndian.AppendUint64(b, values[name])
		b = append(b, byte(len(name)))
		b = append(b, name...)
	}
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

func decodeCursors(b []byte) (map[string]uint64, error) {
	if len(b) < 16 || [8]byte(b[:8]) != cursorsMagic {
		return nil, errors.New("it is not a file of cursors")
	}
	body := b[:len(b)-4]
	if crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(b[len(b)-4:]) {
		return nil, errors.New("its checksum is wrong")
	}
	if v := binary.LittleEndian.Uint16(b[8:]); v != formatVersion {
		return nil, fmt.Errorf("%w %d, this program knows %d", errVersion, v, formatVersion)
	}
	n := int(binary.LittleEndian.Uint16(b[10:]))
	values := make(map[string]uint64, min(n, maxCursors))
	for body = body[12:]; n > 0; n-- {
		if len(body) < 9 || len(body) < 9+int(body[8]) {
			return nil, errors.New("an entry is cut off")
		}
		name := string(body[9 : 9+int(body[8])])
		if checkName("cursor", name) != nil {
			return nil, fmt.Errorf("it has a cursor named %q", name)
		}
		values[name] = binary.LittleEndian.Uint64(body)
		body = body[9+len(name):]
	}
	if len(body) != 0 || len(values) > maxCursors {
		return nil, errors.New("it has bytes that belong to nothing")
	}
	return values, nil
}
