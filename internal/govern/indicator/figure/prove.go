package figure

import (
	"context"
	"encoding/binary"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/evidence"
)

// Evidence is the node's evidence log; *evidence.Log is one.
type Evidence interface {
	Append(ctx context.Context, entries [][]byte) (first uint64, err error)
	Checkpoint() evidence.Checkpoint
	Proof(i uint64) (evidence.Proof, error)
}

// KindFigures is the kind of a leaf that holds what a commit of this room wrote.
const KindFigures = "figures"

const (
	leavesMost = 200
	proofsMost = 50
)

// leaf is what the evidence log holds of a commit.
func (r *batchRow) leaf(node uuid.UUID) *evidence.Envelope {
	root := Root(r.blinded())
	return &evidence.Envelope{Kind: KindFigures, Subject: node, CommitTime: r.At, Algorithm: evidence.SHA256, Digest: root[:]}
}

// prove puts commits into the evidence log and tells the proofs of what was told. An entry that a crash has put into the log twice says
// the same twice.
func (c *Composer) prove(ctx context.Context) (bool, error) {
	db := c.o.Store.db
	var rows []batchRow
	if err := db.NewSelect().Model(&rows).Where("b.place = -1").OrderExpr("b.at").Limit(leavesMost).Scan(ctx); err != nil {
		return false, wrap("list commits without a leaf", err)
	}
	if len(rows) > 0 {
		entries := make([][]byte, len(rows))
		for i := range rows {
			var err error
			if entries[i], err = rows[i].leaf(c.o.Node).Encode(); err != nil {
				return false, err
			}
		}
		first, err := c.o.Log.Append(ctx, entries)
		if err != nil {
			return false, err
		}
		err = db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
			for i := range rows {
				if _, err := tx.NewUpdate().Model((*batchRow)(nil)).Set("place = ?", int64(first)+int64(i)).Where("at = ?", rows[i].At).Exec(ctx); err != nil {
					return wrap("note a leaf", err)
				}
			}
			return nil
		})
		return true, err
	}
	if c.o.Streams == nil {
		return false, nil
	}
	return c.tellProofs(ctx)
}

// tellProofs tells proofs of leaves that a checkpoint covers.
func (c *Composer) tellProofs(ctx context.Context) (bool, error) {
	db := c.o.Store.db
	var list []tellingRow
	covered := db.NewSelect().Model((*batchRow)(nil)).Column("at").Where("b.place >= 0 AND b.place < ?", int64(c.o.Log.Checkpoint().Size))
	if err := db.NewSelect().Model(&list).Where("t.told = 0 AND t.at IN (?)", covered).OrderExpr("t.at").Limit(proofsMost).Scan(ctx); err != nil {
		return false, wrap("list what is to be proved", err)
	}
	if len(list) == 0 {
		return false, nil
	}
	agreed, err := c.agreed(ctx)
	if err != nil {
		return false, err
	}
	return true, db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		for i := range list {
			t := &list[i]
			if agreed.find(t.Agreement) != nil {
				x, err := c.proofOf(ctx, tx, t)
				if err != nil {
					return err
				}
				if err := c.o.Streams.Put(ctx, tx, t.Agreement, Tell(x)); err != nil {
					return err
				}
			}
			if _, err := tx.NewUpdate().Model((*tellingRow)(nil)).Set("told = 1").Where("agreement = ? AND at = ?", t.Agreement, t.At).Exec(ctx); err != nil {
				return wrap("note a proof", err)
			}
		}
		return nil
	})
}

func (c *Composer) proofOf(ctx context.Context, db bun.IDB, t *tellingRow) (*TellProof, error) {
	var r batchRow
	if err := db.NewSelect().Model(&r).Where("b.at = ?", t.At).Scan(ctx); err != nil {
		return nil, wrap("read a commit", err)
	}
	p, err := c.o.Log.Proof(uint64(r.Place))
	if err != nil {
		return nil, err
	}
	x := &TellProof{Commit: r.At, Items: r.blinded()}
	for b := t.Places; len(b) > 0; {
		n, size := binary.Uvarint(b)
		if size <= 0 {
			return nil, wrap("read what was told", ErrDamaged)
		}
		b = b[size:]
		x.Own = append(x.Own, Own{int(n), r.salt(int(n))})
	}
	x.Proof, err = p.Encode()
	return x, err
}
