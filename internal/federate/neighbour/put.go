package neighbour

import (
	"context"
	"crypto/sha256"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
)

// rowsAtOnce is how many records one statement writes.
const rowsAtOnce = 500

// Put adds records to the stream of an agreement that an organisation of this node gives, in the caller's transaction. They are numbered here and
// sent once it has been committed. Errors: ErrClosed (the agreement is not active), ErrNoStream (both sides are here), ErrRecord, org.ErrNoOrg.
func (s *Service) Put(ctx context.Context, tx bun.IDB, agreement uuid.UUID, list [][]byte) error {
	if len(list) == 0 {
		return nil
	}
	r, ok, err := findOut(ctx, tx, agreement)
	if err != nil {
		return fmt.Errorf("put records of agreement %s: %w", agreement, err)
	}
	now := s.o.Now().UnixNano()
	a, err := s.o.Orgs.AgreementIn(ctx, tx, agreement)
	if err != nil {
		return err
	}
	switch st := a.State(now); {
	case a.Hosted():
		return ErrNoStream
	case a.Giver.Node != s.o.Node:
		return ErrNoPeer.With("thing", "agreement")
	case st != org.AgreementActive:
		return ErrClosed.With("state", string(st))
	}
	if !ok {
		r = outRow{Agreement: agreement, Peer: a.Taker.Node, Epoch: 1, Announced: 1, Moved: now}
		if _, err := tx.NewInsert().Model(&r).Exec(ctx); err != nil {
			return fmt.Errorf("begin the stream of agreement %s: %w", agreement, store.Err(err))
		}
		if err := s.o.Orgs.SetEpoch(ctx, tx, agreement, 1); err != nil {
			return err
		}
	}
	rows := make([]outRecord, 0, min(len(list), rowsAtOnce))
	for i, b := range list {
		if len(b) == 0 || len(b) > MaxRecord {
			return ErrRecord.With("max", MaxRecord)
		}
		r.Last++
		hash := sha256.Sum256(b)
		rows = append(rows, outRecord{recordRow: recordRow{Agreement: agreement, Epoch: r.Epoch, Seq: r.Last, Hash: hash[:], Size: int64(len(b)), Bytes: b}})
		if len(rows) == rowsAtOnce || i == len(list)-1 {
			if _, err := tx.NewInsert().Model(&rows).Exec(ctx); err != nil {
				return fmt.Errorf("put records of agreement %s: %w", agreement, store.Err(err))
			}
			rows = rows[:0]
		}
	}
	r.Moved = now
	if _, err := tx.NewUpdate().Model(&r).Column("last", "moved").WherePK().Exec(ctx); err != nil {
		return fmt.Errorf("put records of agreement %s: %w", agreement, store.Err(err))
	}
	s.poke(r.Peer)
	return nil
}

// Renew begins a new epoch of a stream that this node gives: everything that stands is sent again, and a fork is over. Errors: ErrClosed, ErrNoStream.
func (s *Service) Renew(ctx context.Context, agreement uuid.UUID) (Stream, error) {
	r, ok, err := findOut(ctx, s.o.DB, agreement)
	if err != nil {
		return Stream{}, err
	}
	if !ok {
		return Stream{}, ErrNoStream
	}
	if err := s.epoch(ctx, agreement, uint64(r.Epoch)+1); err != nil {
		return Stream{}, err
	}
	return s.Stream(ctx, agreement)
}

// renewAs is Renew by somebody for the giver, which the audit tells.
func (s *Service) renewAs(ctx context.Context, a *org.Agreement) (Stream, error) {
	scope, err := auth.Allow(ctx, auth.Configure, a.Giver.Org)
	if err != nil {
		return Stream{}, err
	}
	st, err := s.Renew(ctx, a.ID)
	if err != nil {
		return st, err
	}
	return st, s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		return audit.Record(ctx, tx, scope.Act(ctx, s.o.Now(), "neighbour.stream.renew", audit.Object{Kind: "agreement", ID: a.ID.String(), Name: a.Words}, nil, map[string]any{"epoch": st.Epoch}))
	})
}

// epoch begins an epoch of a stream that this node gives, and has the rooms send everything that stands.
func (s *Service) epoch(ctx context.Context, agreement uuid.UUID, epoch uint64) error {
	var peer uuid.UUID
	err := s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		r, ok, err := findOut(ctx, tx, agreement)
		if err != nil || !ok {
			return err
		}
		if r.Closed != 0 {
			return ErrClosed.With("state", string(org.AgreementEnded))
		}
		if peer = r.Peer; uint64(r.Epoch) >= epoch {
			return nil
		}
		r.Epoch, r.Last, r.Acked, r.Agreed, r.Pruned, r.ForkSeq, r.ForkHeld, r.ForkCame, r.ForkAt = int64(epoch), 0, 0, 0, 0, 0, "", "", 0
		if _, err := tx.NewUpdate().Model(&r).ExcludeColumn("announced").WherePK().Exec(ctx); err != nil {
			return err
		}
		return s.o.Orgs.SetEpoch(ctx, tx, agreement, epoch)
	})
	if err != nil {
		return fmt.Errorf("begin epoch %d of agreement %s: %w", epoch, agreement, err)
	}
	s.log.Info("a stream begins a new epoch", "agreement", agreement, "epoch", epoch)
	s.clear(ctx, conditionFork, agreement.String())
	s.clear(ctx, conditionDamaged, agreement.String())
	if err := s.announce(ctx, agreement); err != nil {
		return err
	}
	s.poke(peer)
	return nil
}

// announce has the rooms send everything that stands, until they have.
func (s *Service) announce(ctx context.Context, agreement uuid.UUID) error {
	r, ok, err := findOut(ctx, s.o.DB, agreement)
	if err != nil || !ok || r.Announced == r.Epoch {
		return err
	}
	for _, f := range s.onEpoch {
		if err := f(ctx, agreement); err != nil {
			return fmt.Errorf("send agreement %s again: %w", agreement, err)
		}
	}
	return s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewUpdate().Model((*outRow)(nil)).Set("announced = ?", r.Epoch).Where("agreement = ? AND epoch = ?", agreement, r.Epoch).Exec(ctx)
		return err
	})
}
