package neighbour

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/federate"
	"jingwei/internal/kernel/store"
)

// deepAtOnce is of how many records the bytes themselves are read in one comparison: of the newest, and of as many older ones in turn. Of
// the others it goes by the hashes that were kept with them.
const deepAtOnce = 1 << 16

// maxRepairs bounds the records that one comparison repairs; the next goes on.
const maxRepairs = 1 << 16

// check compares what the taker holds with the giver's, from the whole downwards.
type check struct {
	epoch, last uint64
	deep        uint64     // older records are read up to here
	ranges      []wanted   // still to be asked for
	asked       *wanted    // nil while none is
	own         [][32]byte // hashes of the asked one's ranges
	differ      []uint64   // records to ask for
	repairs     int
}

type wanted struct {
	level       uint8
	first, last uint64
}

// compare begins a comparison of everything that is held.
func (in *incoming) compare(ctx context.Context) error {
	in.due = false
	last := uint64(in.row.Last)
	c := &check{epoch: uint64(in.row.Epoch), last: last, ranges: []wanted{{federate.RecordLevel(1, last), 1, last}}}
	if c.deep = uint64(in.row.Deep) + deepAtOnce; uint64(in.row.Deep) >= last {
		c.deep = min(deepAtOnce, last)
	}
	in.check = c
	return in.askNext(ctx)
}

// reads tells whether the bytes of a record are read in this comparison.
func (c *check) reads(seq uint64) bool {
	return seq+deepAtOnce > c.last || seq <= c.deep && seq+deepAtOnce > c.deep
}

// askNext asks for the next range, or for records that differ, or ends the comparison.
func (in *incoming) askNext(ctx context.Context) error {
	c := in.check
	switch {
	case len(c.ranges) > 0:
		w := c.ranges[len(c.ranges)-1]
		c.ranges = c.ranges[:len(c.ranges)-1]
		c.asked, c.own = &w, nil
		span := federate.RecordSpan(w.level)
		for first := w.first; first <= w.last; first += span {
			h, err := rangeHash(first, min(w.last, first+span-1), func(first, last uint64) ([][32]byte, error) { return in.held(ctx, first, last) })
			if err != nil {
				return err
			}
			c.own = append(c.own, h)
		}
		return in.say(ctx, &federate.RecordMessage{Kind: federate.RecordsHashes, Epoch: c.epoch, Level: w.level, First: w.first, Last: w.last})
	case len(c.differ) > 0:
		n := min(len(c.differ), federate.RecordFan)
		return in.say(ctx, &federate.RecordMessage{Kind: federate.RecordsRepair, Epoch: c.epoch, Seqs: c.differ[:n]})
	}
	in.check = nil
	return in.finished(ctx, c)
}

// held are the SHA-256 of records as they are now.
func (in *incoming) held(ctx context.Context, first, last uint64) ([][32]byte, error) {
	c := in.check
	hashes, err := hashesOf(ctx, in.s.o.DB, "neighbour_in_record", in.id, c.epoch, first, last)
	if err != nil {
		return nil, err
	}
	for at := first; at <= last; {
		if !c.reads(at) {
			at++
			continue
		}
		rows, err := records[inRecord](ctx, in.s.o.DB, in.id, c.epoch, at-1, int(min(1024, last-at+1)), federate.MaxRecordBlock)
		if err != nil {
			return nil, err
		}
		if len(rows) == 0 {
			break
		}
		for i := range rows {
			if seq := uint64(rows[i].Seq); seq <= last {
				// A row whose hash is not that of its bytes is damaged, whichever of them is wrong.
				if hash := sha256.Sum256(rows[i].Bytes); hash != hashes[seq-first] {
					hashes[seq-first] = [32]byte{}
				}
			}
		}
		at = uint64(rows[len(rows)-1].Seq) + 1
	}
	return hashes, nil
}

// compared takes the giver's hashes, and goes down where they differ.
func (in *incoming) compared(ctx context.Context, m *federate.RecordMessage) error {
	c := in.check
	if c == nil || c.asked == nil || m.Epoch != c.epoch || m.Level != c.asked.level || m.First != c.asked.first || m.Last != c.asked.last || len(m.Hashes) != len(c.own) {
		return fmt.Errorf("%w: hashes that were not asked for", federate.ErrMalformed)
	}
	span := federate.RecordSpan(m.Level)
	for i := range m.Hashes {
		if m.Hashes[i] == c.own[i] {
			continue
		}
		first := m.First + uint64(i)*span
		if m.Level > 0 {
			c.ranges = append(c.ranges, wanted{m.Level - 1, first, min(m.Last, first+span-1)})
		} else if len(c.differ) < maxRepairs {
			c.differ = append(c.differ, first)
		}
	}
	c.asked = nil
	return in.askNext(ctx)
}

// repaired takes records that differ. One whose row is damaged is replaced; one that was kept whole and is another at the giver is a fork.
func (in *incoming) repaired(ctx context.Context, m *federate.RecordMessage) error {
	c, s := in.check, in.s
	if c == nil || m.Epoch != c.epoch || len(m.Seqs) > len(c.differ) || len(m.Bodies) != len(m.Seqs) {
		return fmt.Errorf("%w: records that were not asked for", federate.ErrMalformed)
	}
	for i, seq := range m.Seqs {
		if seq != c.differ[i] {
			return fmt.Errorf("%w: record %d where %d was asked for", federate.ErrMalformed, seq, c.differ[i])
		}
	}
	now := s.o.Now().UnixNano()
	err := s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		for i, seq := range m.Seqs {
			if err := in.mend(ctx, tx, seq, m.Bodies[i], now); err != nil {
				return err
			}
		}
		_, err := tx.NewUpdate().Model((*inRow)(nil)).Set("repaired = repaired + ?", len(m.Seqs)).Where("agreement = ?", in.id).Exec(ctx)
		return err
	})
	var x *clash
	if errors.As(err, &x) {
		in.check = nil
		return in.forked(ctx, int64(c.epoch), x)
	}
	if err != nil {
		return fmt.Errorf("repair records of agreement %s: %w", in.id, err)
	}
	c.differ = c.differ[len(m.Seqs):]
	c.repairs += len(m.Seqs)
	in.row.Repaired += int64(len(m.Seqs))
	s.log.Warn("records of a stream were damaged here and have been repaired", "agreement", in.id, "epoch", c.epoch, "records", len(m.Seqs), "first", m.Seqs[0])
	s.raiseRepaired(ctx, in.id, uint64(in.row.Repaired), m.Seqs[0])
	return in.askNext(ctx)
}

// mend replaces a damaged row, and keeps the bytes that were wrong.
func (in *incoming) mend(ctx context.Context, tx bun.Tx, seq uint64, came []byte, now int64) error {
	hash := sha256.Sum256(came)
	var row inRecord
	err := store.Err(tx.NewSelect().Model(&row).Where("r.agreement = ? AND r.epoch = ? AND r.seq = ?", in.id, in.row.Epoch, int64(seq)).Scan(ctx))
	missing := errors.Is(err, store.ErrNotFound)
	if err != nil && !missing {
		return err
	}
	if !missing {
		own := sha256.Sum256(row.Bytes)
		whole := string(own[:]) == string(row.Hash)
		if string(row.Hash) != string(hash[:]) && own != hash {
			return &clash{int64(seq), row.Hash, hash[:], came}
		}
		if whole {
			return nil // it was damaged on its way to us, and is what the giver has
		}
		a := asideRow{ID: uuid.Must(uuid.NewV7()), Agreement: in.id, Epoch: in.row.Epoch, Seq: int64(seq), At: now, Why: "repaired", Held: hex.EncodeToString(row.Hash), Bytes: row.Bytes}
		if _, err := tx.NewInsert().Model(&a).Exec(ctx); err != nil {
			return err
		}
		if _, err := tx.NewDelete().Model((*inRecord)(nil)).Where("agreement = ? AND epoch = ? AND seq = ?", in.id, in.row.Epoch, int64(seq)).Exec(ctx); err != nil {
			return err
		}
	}
	fresh := inRecord{recordRow: recordRow{Agreement: in.id, Epoch: in.row.Epoch, Seq: int64(seq), Hash: hash[:], Size: int64(len(came)), Bytes: came}}
	_, err = tx.NewInsert().Model(&fresh).Exec(ctx)
	return err
}

// finished notes that everything has been compared.
func (in *incoming) finished(ctx context.Context, c *check) error {
	s := in.s
	now := s.o.Now().UnixNano()
	in.row.Checked, in.row.Deep = now, int64(min(c.deep, math.MaxInt64))
	in.ceaseComparing()
	err := s.group.Write(ctx, 0, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewUpdate().Model((*inRow)(nil)).Set("checked = ?", now).Set("deep = ?", in.row.Deep).Where("agreement = ? AND epoch = ?", in.id, int64(c.epoch)).Exec(ctx)
		return err
	})
	if err != nil {
		return err
	}
	if c.repairs == 0 {
		s.clearRepaired(ctx, in.id)
	}
	return nil
}
