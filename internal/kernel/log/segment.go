package log

import (
	"os"

	"jingwei/internal/kernel/file"
)

// segment is one file of the journal. What is not constant is under the view's lock.
type segment struct {
	segmentHeader
	name string // base name
	seed uint32

	first  uint64   // number of its first record
	before []uint64 // by partition number less one: its greatest number before this segment
	marks  []mark   // some of its groups, ascending, to find a number without reading everything
	file   file.File
	refs   int // reads under way
}

// mark is where the group that begins with a number lies.
type mark struct {
	number uint64
	off    int64
}

const markEvery = 256 << 10

// note adds a mark if the last one is far enough behind.
func (s *segment) note(number uint64, off int64) {
	if n := len(s.marks); n == 0 || off >= s.marks[n-1].off+markEvery {
		s.marks = append(s.marks, mark{number, off})
	}
}

// find returns the mark of the latest known group that begins at or before number.
func (s *segment) find(number uint64) mark {
	best := mark{s.first, segmentHeaderBytes}
	for _, m := range s.marks {
		if m.number > number {
			break
		}
		best = m
	}
	return best
}

// last returns the partition's greatest number before the segment.
func (s *segment) lastBefore(partition uint16) uint64 {
	if i := int(partition) - 1; i >= 0 && i < len(s.before) {
		return s.before[i]
	}
	return 0
}

func openSegment(fs file.FS, path string, writable bool) (file.File, error) {
	if writable {
		return fs.OpenFile(path, os.O_RDWR, 0)
	}
	return fs.OpenFile(path, os.O_RDONLY, 0)
}
