package group

import (
	"context"
	"crypto/rand"
	"embed"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/evidence"
	"jingwei/internal/kernel/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Log is the node's evidence log; *evidence.Log is one.
type Log interface {
	Append(ctx context.Context, entries [][]byte) (first uint64, err error)
	Proof(i uint64) (evidence.Proof, error)
	Checkpoint() evidence.Checkpoint
}

// Book keeps the groups of all rooms of a node. Rooms keep their records; the book keeps what proves them: 32 bytes of secret and a
// row for each group.
type Book struct {
	o    Options
	wake chan struct{}
}

// Options of a book.
type Options struct {
	DB     *store.DB
	Log    Log
	Node   uuid.UUID // the subject of the leaves
	Logger *slog.Logger
}

// OpenBook brings the table up to date.
func OpenBook(ctx context.Context, o Options) (*Book, error) {
	if err := store.MigrateRoom(ctx, o.DB, "evidence_group", migrations); err != nil {
		return nil, err
	}
	return &Book{o, make(chan struct{}, 1)}, nil
}

type row struct {
	bun.BaseModel `bun:"table:evidence_group,alias:g"`

	Kind   string `bun:"kind,pk"`
	ID     int64  `bun:"id,pk"`
	At     int64
	Size   int64
	Secret []byte
	Digest []byte
	Place  int64 // of the leaf; -1 before it has one
}

// Put takes down a group in the transaction that writes its records. kind is the leaf's (1 to 32 of a-z, 0-9 and -), id is the room's
// number of the group, at the commit time in nanoseconds since 1970. The leaf follows soon after the transaction (Run).
func (b *Book) Put(ctx context.Context, tx bun.IDB, kind string, id, at int64, records [][]byte) error {
	var secret Secret
	_, _ = rand.Read(secret[:]) // never fails
	digest, err := Digest(secret, records)
	if err != nil {
		return err
	}
	r := row{Kind: kind, ID: id, At: at, Size: int64(len(records)), Secret: secret[:], Digest: digest[:], Place: -1}
	if _, err := b.leaf(&r); err != nil {
		return err
	}
	if _, err := tx.NewInsert().Model(&r).Exec(ctx); err != nil {
		return fmt.Errorf("take down group %d of %s: %w", id, kind, store.Err(err))
	}
	return nil
}

func (b *Book) leaf(r *row) ([]byte, error) {
	e := evidence.Envelope{Kind: r.Kind, Subject: b.o.Node, CommitTime: r.At, Algorithm: evidence.SHA256, Digest: r.Digest}
	return e.Encode()
}

// Wake makes Run look at once; a room calls it after its transaction.
func (b *Book) Wake() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

const (
	leavesMost = 500
	lookEvery  = 30 * time.Second // for groups whose process was killed before it called Wake
)

// Run puts groups into the log until ctx ends, whose error it returns. What fails is tried again.
func (b *Book) Run(ctx context.Context) error {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		if err := b.Seal(ctx); err != nil && ctx.Err() == nil {
			b.o.Logger.Error("groups of records have no leaf yet", "error", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-b.wake:
		case <-look.C:
		}
	}
}

// Seal puts the groups that wait into the log. A leaf that a crash has put there twice says the same twice.
func (b *Book) Seal(ctx context.Context) error {
	for {
		var rows []row
		if err := b.o.DB.NewSelect().Model(&rows).Where("g.place = -1").OrderExpr("g.at, g.kind, g.id").Limit(leavesMost).Scan(ctx); err != nil {
			return fmt.Errorf("list groups without a leaf: %w", store.Err(err))
		}
		if len(rows) == 0 {
			return nil
		}
		entries := make([][]byte, len(rows))
		for i := range rows {
			var err error
			if entries[i], err = b.leaf(&rows[i]); err != nil {
				return err
			}
		}
		first, err := b.o.Log.Append(ctx, entries)
		if err != nil {
			return fmt.Errorf("put groups into the evidence log: %w", err)
		}
		err = b.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
			for i := range rows {
				place := int64(first) + int64(i)
				if _, err := tx.NewUpdate().Model((*row)(nil)).Set("place = ?", place).Where("kind = ? AND id = ?", rows[i].Kind, rows[i].ID).Exec(ctx); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("note the leaves of groups: %w", store.Err(err))
		}
	}
}

// Prove makes the proof of one record. records are all of its group, in the order in which they were put, as the room has them now.
// Errors: store.ErrNotFound; ErrOpen before a signed checkpoint covers the leaf; ErrChanged when the records are others than were put.
func (b *Book) Prove(ctx context.Context, kind string, id int64, records [][]byte, place int) (Proof, error) {
	var r row
	if err := b.o.DB.NewSelect().Model(&r).Where("g.kind = ? AND g.id = ?", kind, id).Scan(ctx); err != nil {
		return Proof{}, fmt.Errorf("group %d of %s: %w", id, kind, store.Err(err))
	}
	if r.Place < 0 || uint64(r.Place) >= b.o.Log.Checkpoint().Size {
		return Proof{}, fmt.Errorf("group %d of %s: %w", id, kind, ErrOpen)
	}
	if len(r.Secret) != evidence.SaltSize {
		return Proof{}, fmt.Errorf("group %d of %s: its secret has %d bytes: %w", id, kind, len(r.Secret), ErrChanged)
	}
	digest, err := Digest(Secret(r.Secret), records)
	if err != nil {
		return Proof{}, err
	}
	if string(digest[:]) != string(r.Digest) {
		return Proof{}, fmt.Errorf("group %d of %s: %w", id, kind, ErrChanged)
	}
	leaf, err := b.o.Log.Proof(uint64(r.Place))
	if err != nil {
		return Proof{}, err
	}
	return Prove(Secret(r.Secret), records, place, leaf)
}
