package seal

import (
	"bytes"
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/evidence"
)

// noter writes down where entries of the log are, in one transaction with how far the log has been noted.
type noter struct {
	ctx context.Context
	tx  bun.Tx
}

type noting func(n *noter, first uint64) error

// note runs do and moves the cursor of the log to until.
func (s *Service) note(ctx context.Context, until uint64, do func(*noter) error) error {
	return s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := do(&noter{ctx, tx}); err != nil {
			return err
		}
		return setCursor(ctx, tx, cursorLog, digits(until))
	})
}

// part notes neighbouring leaves of a day.
func (n *noter) part(p partRow) error {
	_, err := n.tx.NewInsert().Model(&p).Exec(n.ctx)
	return err
}

// running notes a leaf of a day that has not ended. One that is noted already stays.
func (n *noter) running(r runningRow) error {
	_, err := n.tx.NewInsert().Model(&r).On("CONFLICT DO NOTHING").Exec(n.ctx)
	return err
}

// record notes where a record went. One that is noted already stays where it was first.
func (n *noter) record(id uuid.UUID, leaf uint64) error {
	_, err := n.tx.NewUpdate().Model((*recordRow)(nil)).Set("leaf = ?", int64(leaf)).Where("id = ?", id).Where("leaf = -1").Exec(n.ctx)
	return err
}

// absorbAtOnce is how many entries are noted in one transaction.
const absorbAtOnce = 4096

// absorb notes what the log holds beyond the cursor: entries that were appended by a life that ended before it noted
// them. The caller has the turn.
func (s *Service) absorb(ctx context.Context) error {
	at, err := cursor(ctx, s.o.DB, cursorLog)
	if err != nil {
		return err
	}
	from, size := number(at), s.o.Log.Size()
	if from > size {
		return fmt.Errorf("%w: it has %d entries, %d were noted", ErrShorter, size, from)
	}
	for from < size {
		until := min(from+absorbAtOnce, size)
		parts, running, records, err := s.recognise(from, until)
		if err != nil {
			return err
		}
		err = s.note(ctx, until, func(n *noter) error {
			for _, p := range parts {
				if err := n.part(p); err != nil {
					return err
				}
			}
			for _, r := range running {
				if err := n.running(r); err != nil {
					return err
				}
			}
			for id, leaf := range records {
				if err := n.record(id, leaf); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		from = until
	}
	return nil
}

// recognise finds what entries from..until are, of those that this room appends. Others it passes over.
func (s *Service) recognise(from, until uint64) (parts []partRow, running []runningRow, records map[uuid.UUID]uint64, err error) {
	records = map[uuid.UUID]uint64{}
	var last uuid.UUID
	for i := from; i < until; i++ {
		entry, err := s.o.Log.Entry(i)
		if err != nil {
			return nil, nil, nil, err
		}
		e, err := evidence.ParseEnvelope(entry)
		if err != nil {
			continue // of a room that has a form of its own
		}
		if e.Kind == evidence.KindRunning {
			if last, ok := lastOf(&e); ok {
				running = append(running, runningRow{Series: e.Subject, Day: int64(DayOf(e.CommitTime)), LastCommit: int64(last), Leaf: int64(i)})
			}
			continue
		}
		if e.Kind != evidence.KindSamples {
			if id, err := uuid.FromBytes(e.Public); err == nil {
				records[id] = i
			}
			continue
		}
		day, word := int64(DayOf(e.CommitTime)), e.Subject.String()
		if n := len(parts) - 1; n >= 0 && parts[n].Day == day && parts[n].First+parts[n].Leaves == int64(i) && bytes.Compare(last[:], e.Subject[:]) < 0 {
			parts[n].Leaves++
			parts[n].Hi = word
		} else {
			parts = append(parts, partRow{First: int64(i), Day: day, Leaves: 1, Lo: word, Hi: word})
		}
		last = e.Subject
	}
	return parts, running, records, nil
}
