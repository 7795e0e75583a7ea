package neighbour

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/federate"
	"jingwei/internal/kernel/store"
)

// prunedAtOnce is how many records one transaction prunes.
const prunedAtOnce = 2000

// comparison follows what the taker asks while it compares a stream, from the giver's side. A taker that asks for the hash of everything,
// for nothing of its parts, and then closes the stream because there is nothing more, holds the same.
type comparison struct {
	to     uint64 // it has asked for everything up to here
	deeper bool   // and for a part of it, or for records
}

func (c *comparison) hashes(m *federate.RecordMessage) {
	if m.First == 1 && (c.to == 0 || m.Last >= c.to) && m.Level == federate.RecordLevel(1, m.Last) {
		*c = comparison{to: m.Last}
		return
	}
	c.deeper = true
}

// agreed is up to which record both ends hold the same, 0 where that is not known.
func (c *comparison) agreed() uint64 {
	if c.deeper {
		return 0
	}
	return c.to
}

// prune drops the bytes of records that the taker has acknowledged and compared, but for the newest ones, and whatever is left of epochs that
// are over. Hashes stay: ranges are compared as before. Where the taker needs such a record after all, because it was restored from an old copy or
// a row of it is damaged, a new epoch begins, which tells everything that stands.
func (s *Service) prune(ctx context.Context, id uuid.UUID, epoch, agreed uint64) error {
	r, ok, err := findOut(ctx, s.o.DB, id)
	if err != nil || !ok || uint64(r.Epoch) != epoch {
		return err
	}
	to := min(int64(agreed), r.Acked) - int64(s.o.Whole)
	for at := r.Pruned; at < to; {
		next := min(at+prunedAtOnce, to)
		err := s.group.Write(ctx, 0, func(ctx context.Context, tx bun.Tx) error {
			q := tx.NewUpdate().Model((*outRow)(nil)).Set("agreed = ?", int64(agreed)).Set("pruned = ?", next).Where("agreement = ? AND epoch = ? AND pruned = ?", id, r.Epoch, at)
			if res, err := q.Exec(ctx); err != nil {
				return err
			} else if n, err := res.RowsAffected(); err != nil || n == 0 { // another epoch has begun
				return err
			}
			_, err := tx.NewUpdate().TableExpr("neighbour_out_record").Set("bytes = ?", []byte{}).Where("agreement = ? AND epoch = ? AND seq > ? AND seq <= ?", id.String(), r.Epoch, at, next).Exec(ctx)
			return err
		})
		if err != nil {
			return fmt.Errorf("prune the stream of agreement %s: %w", id, err)
		}
		at = next
	}
	return s.pruneEpochs(ctx, id, r.Epoch)
}

// pruneEpochs drops the records of epochs before one: nobody asks for them again.
func (s *Service) pruneEpochs(ctx context.Context, id uuid.UUID, epoch int64) error {
	for {
		var old struct{ Epoch, Seq int64 }
		err := s.o.DB.NewSelect().TableExpr("neighbour_out_record").Column("epoch", "seq").Where("agreement = ? AND epoch < ?", id.String(), epoch).OrderExpr("epoch, seq").Limit(1).Scan(ctx, &old)
		if err = store.Err(err); err != nil {
			return absent(err)
		}
		err = s.group.Write(ctx, 0, func(ctx context.Context, tx bun.Tx) error {
			_, err := tx.NewDelete().TableExpr("neighbour_out_record").Where("agreement = ? AND epoch = ? AND seq < ?", id.String(), old.Epoch, old.Seq+prunedAtOnce).Exec(ctx)
			return err
		})
		if err != nil {
			return fmt.Errorf("prune the stream of agreement %s: %w", id, err)
		}
	}
}
