package log

import (
	"fmt"
	"log/slog"
	"math"
	"time"

	"jingwei/internal/kernel/file"
)

// Options say where a journal lies and how much it may hold. Only Dir is required.
type Options struct {
	FS  file.FS // default file.OS()
	Dir string  // created if need be; belongs to the journal alone

	// SegmentBytes is the size of the preallocated files: 64 KiB to 1 GiB, default 64 MiB, or a fourth of MaxBytes
	// where that is less.
	SegmentBytes int64
	// MaxBytes bounds the segments on disk, those made ahead of need included: at least two segments, default 4 GiB.
	MaxBytes int64
	// RetainBytes of whole segments which all keepers have let go stay for slower followers, until MaxBytes needs the
	// room. Default two segments, MaxBytes where there are no keepers; negative: none.
	RetainBytes int64
	// AlignBytes is what groups are padded to: a power of two from 512 to 4096, the default. With the page size of the
	// system and the sector size of the medium at or below it, no byte that was acknowledged is ever written again. A
	// small value saves room where groups are small and far between.
	AlignBytes int

	MaxGroupBytes   int   // of one write; default 1 MiB; a larger record makes a group of its own
	MaxRecordBytes  int   // default 16 MiB, or what a segment holds where that is less
	MaxPendingBytes int64 // queued and not yet acknowledged; default 16 MiB; Append waits beyond it

	// Linger is how long a group waits for company after its first record. 0, the default, is best wherever there is
	// more than one producer: while one group is synced the next one gathers by itself.
	Linger time.Duration
	// Keepers name the owners whose unread records may never be trimmed. Nothing is trimmed until each has called
	// Keep once in this process. Without keepers the oldest segment goes when MaxBytes is reached.
	Keepers []string

	Now    func() time.Time // default time.Now
	Logger *slog.Logger     // default slog.Default()
	// OnFailure is called once after a write or an fsync has failed and every waiting record has been told. It must
	// not call Close.
	OnFailure func(error)
	// Trace, where set, is told "written", "datasync" and "acked" with the last commit number of each group, in the
	// order in which they happen to that group. It is called on two goroutines.
	Trace func(event string, number uint64)
}

const (
	minSegmentBytes = 64 << 10
	maxSegmentBytes = 1 << 30
	cursorEvery     = 2 * time.Second // how much of a follower's way may be lost in a crash
	retryEvery      = time.Second     // for what the disk refused without harm: no room, too many open files
)

func (o Options) filled() (Options, error) {
	if o.Dir == "" {
		return o, fmt.Errorf("journal: Dir is empty; name the directory it may use")
	}
	if o.FS == nil {
		o.FS = file.OS()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = max(4<<30, 4*o.SegmentBytes)
	}
	if o.SegmentBytes == 0 {
		o.SegmentBytes = min(64<<20, max(minSegmentBytes, o.MaxBytes/4))
	}
	o.SegmentBytes = o.SegmentBytes / maxAlign * maxAlign
	if o.SegmentBytes < minSegmentBytes || o.SegmentBytes > maxSegmentBytes {
		return o, fmt.Errorf("journal: SegmentBytes is %d; it must be from %d to %d", o.SegmentBytes, minSegmentBytes, maxSegmentBytes)
	}
	if o.MaxBytes < 2*o.SegmentBytes {
		return o, fmt.Errorf("journal: MaxBytes is %d; it must be at least two segments, %d", o.MaxBytes, 2*o.SegmentBytes)
	}
	switch {
	case o.RetainBytes < 0:
		o.RetainBytes = 0
	case len(o.Keepers) == 0:
		o.RetainBytes = math.MaxInt64
	case o.RetainBytes == 0:
		o.RetainBytes = 2 * o.SegmentBytes
	}
	if o.AlignBytes == 0 {
		o.AlignBytes = maxAlign
	}
	if !validAlign(o.AlignBytes) {
		return o, fmt.Errorf("journal: AlignBytes is %d; it must be 512, 1024, 2048 or 4096", o.AlignBytes)
	}
	largest := int(o.SegmentBytes) - segmentHeaderBytes - openingReserve
	if o.MaxRecordBytes == 0 {
		o.MaxRecordBytes = min(16<<20, largest)
	}
	if o.MaxRecordBytes < 0 || o.MaxRecordBytes > largest {
		return o, fmt.Errorf("journal: MaxRecordBytes is %d; a segment of %d bytes holds at most %d", o.MaxRecordBytes, o.SegmentBytes, largest)
	}
	if o.MaxGroupBytes <= 0 {
		o.MaxGroupBytes = 1 << 20
	}
	if o.MaxPendingBytes <= 0 {
		o.MaxPendingBytes = 16 << 20
	}
	seen := map[string]bool{}
	for _, k := range o.Keepers {
		if err := checkName("keeper", k); err != nil {
			return o, err
		}
		if seen[k] {
			return o, fmt.Errorf("journal: keeper %q is named twice", k)
		}
		seen[k] = true
	}
	return o, nil
}

// checkName bounds the names that the files keep: 1 to 64 bytes of printable ASCII.
func checkName(what, name string) error {
	ok := len(name) >= 1 && len(name) <= maxNameBytes
	for i := 0; ok && i < len(name); i++ {
		ok = name[i] > ' ' && name[i] < 0x7f
	}
	if !ok {
		return fmt.Errorf("journal: %s name %q is not 1 to %d printable ASCII characters without spaces", what, name, maxNameBytes)
	}
	return nil
}
