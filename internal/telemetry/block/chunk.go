package block

import (
	"runtime/debug"

	"jingwei/internal/telemetry/column"
)

// Chunk is one chunk as the index names it.
type Chunk struct {
	Block   *Reader
	Type    Type
	Plane   Plane
	FrameAt uint32 // names the frame within the block: chunks of the same FrameAt share it
	Summary Summary
	value   pageRef
	parts   partsRef
	frameOfChunk
}

// frameOfChunk is what the frames section says about a chunk.
type frameOfChunk struct {
	Rows    int
	MinTime int64
	MaxTime int64
	MaxGap  int64 // longest time between rows that follow each other, ns
	// MinCommit and MaxCommit are over the chunk's rows.
	MinCommit, MaxCommit uint64
	Notes                uint8 // of the frame
	pages                [columns]pageRef
	tallies              talliesRef
}

// Size returns the bytes on disk of the wanted columns of the chunk's frame, which all chunks of the frame share, and of
// its own values.
func (ch *Chunk) Size(want Set) (frame, values int64) {
	for c := range columns {
		if want.Has(c) {
			frame += int64(ch.pages[c].len) + checkLen
		}
	}
	return frame, int64(ch.value.len) + checkLen
}

// Decode appends the wanted columns of the chunk's frame to f. Gateway needs Time in the same frame.
func (ch *Chunk) Decode(want Set, f *Frame) (err error) {
	r := ch.Block
	defer r.guard(debug.SetPanicOnFault(true), &err)
	if want.Has(Gateway) {
		want |= Of(Time)
	}
	timeAt := len(f.Time)
	for c := range columns {
		if !want.Has(c) {
			continue
		}
		body, err := r.page(ch.pages[c], columnNames[c])
		if err != nil {
			return err
		}
		n := ch.Rows
		switch c {
		case Time:
			f.Time, err = column.DecodeInts(body, n, f.Time)
		case Gateway:
			f.Gateway, err = column.DecodeOffsets(body, n, f.Time[timeAt:], f.Gateway)
		case Status:
			f.Status, err = f.status.decode(body, n, f.Status)
		case Flags:
			f.Flags, err = f.flags.decode(body, n, f.Flags)
		case Origin:
			f.Origin, err = f.origin.decode(body, n, f.Origin)
		case Revision:
			f.Revision, err = f.revision.decode(body, n, f.Revision)
		case Commit:
			f.Commit, err = column.DecodeInts(body, n, f.Commit)
		}
		if err != nil {
			return r.damage(int64(ch.pages[c].off), "page of "+columnNames[c], err)
		}
	}
	if want.Has(Time) {
		if err := ch.checkTimes(f.Time[timeAt:]); err != nil {
			return err
		}
	}
	return nil
}

// checkTimes refuses a time column that its frame does not describe: readers search it by halves.
func (ch *Chunk) checkTimes(t []int64) error {
	before := t[0]
	if ch.Plane == Current {
		for _, x := range t[1:] {
			if x <= before {
				return ch.badTimes()
			}
			before = x
		}
	} else {
		for _, x := range t[1:] {
			if x < before {
				return ch.badTimes()
			}
			before = x
		}
	}
	if t[0] != ch.MinTime || t[len(t)-1] != ch.MaxTime {
		return ch.badTimes()
	}
	return nil
}

func (ch *Chunk) badTimes() error {
	return ch.Block.damage(int64(ch.pages[Time].off), "source times that their frame does not describe", nil)
}

// DecodeValues appends the chunk's values to v.
func (ch *Chunk) DecodeValues(v *Values) (err error) {
	r := ch.Block
	defer r.guard(debug.SetPanicOnFault(true), &err)
	body, err := r.page(ch.value, "values")
	if err != nil {
		return err
	}
	switch ch.Type {
	case Float64:
		v.Bits, err = column.DecodeFloats(body, ch.Rows, v.Bits)
	case Int64:
		var w []int64
		at := len(v.Bits)
		if w, err = column.DecodeInts(body, ch.Rows, signed(v.Bits[:cap(v.Bits)])[:at]); err == nil {
			v.Bits = unsigned(w)
		}
	case Bool:
		v.Bits, err = column.DecodeBools(body, ch.Rows, v.Bits)
	case String:
		v.Text, err = column.DecodeStrings(body, ch.Rows, v.Text)
	}
	if err != nil {
		return r.damage(int64(ch.value.off), "page of values", err)
	}
	return nil
}
