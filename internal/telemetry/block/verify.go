package block

import (
	"context"
	"errors"
	"math"

	"github.com/google/uuid"
)

// FormatVersion is the newest version of block files that this program knows.
func FormatVersion() int { return int(magic[7]) }

// Damage is one place of a block that is not what was written, and what it held.
type Damage struct {
	Err      *DamageError
	Series   uuid.UUID // nil: all series of the block
	From, To int64     // least and greatest source time that cannot be read, ns
	Arrivals bool      // it is the way back from commits to batches that is lost, no sample
}

// Verify reads everything in the block: the groups of all series, every page that they name, and the table of arrivals.
// found is told each damage. It returns the rows that were read whole.
func (r *Reader) Verify(ctx context.Context, found func(Damage)) (rows uint64, err error) {
	tell := func(d Damage, err error) error {
		if !errors.As(err, &d.Err) {
			return err
		}
		found(d)
		return nil
	}
	var f Frame
	var v Values
	var chunks []Chunk
	whole := map[uint32]error{} // frames read already: many series share one
	for i := range len(r.dir) / dirLen {
		if err := ctx.Err(); err != nil {
			return rows, err
		}
		id, _ := r.Series(i)
		if chunks, err = r.Chunks(id, math.MinInt64, math.MaxInt64, chunks[:0]); err != nil {
			if err := tell(Damage{Series: id, From: r.info.MinTime, To: r.info.MaxTime}, err); err != nil {
				return rows, err
			}
			continue
		}
		for k := range chunks {
			ch := &chunks[k]
			bad, seen := whole[ch.FrameAt]
			if !seen {
				f.Reset()
				bad = ch.Decode(All, &f)
				whole[ch.FrameAt] = bad
			}
			if bad == nil {
				v.Reset()
				bad = ch.DecodeValues(&v)
			}
			if bad == nil {
				bad = ch.VerifyParts()
			}
			if bad == nil {
				rows += uint64(ch.Rows)
				bad = ch.VerifyParts()
			}
			if bad == nil {
				continue
			}
			if err := tell(Damage{Series: id, From: ch.MinTime, To: ch.MaxTime}, bad); err != nil {
				return rows, err
			}
		}
	}
	count := uint64(0)
	err = r.Arrivals(func(Arrival) bool { count++; return true })
	if err == nil && count != r.info.Arrivals {
		err = r.badArrivals()
	}
	if err != nil {
		if err := tell(Damage{From: r.info.MinTime, To: r.info.MaxTime, Arrivals: true}, err); err != nil {
			return rows, err
		}
	}
	return rows, nil
}
