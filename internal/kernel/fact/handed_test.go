package fact

import (
	"context"
	"errors"
	"testing"

	"github.com/uptrace/bun"

	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

// A room that hands a document in and names it in one transaction finds it there, and nobody does once that is taken back.
func TestADocumentIsSeenInItsTransaction(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		ctx, undone := n.ctx, errors.New("taken back")
		var id string
		err := db.InTx(ctx, func(ctx context.Context, _ bun.Tx) error {
			d, err := n.service.HandIn(ctx, n.sides["a"], "a.pdf", []byte("%PDF-1.7 x"))
			if err != nil {
				return err
			}
			id = string(d.ID)
			if _, err := n.service.Handed(ctx, n.sides["a"], id); err != nil {
				return err
			}
			return undone
		})
		if !errors.Is(err, undone) {
			t.Fatal(err)
		}
		if _, err := n.service.Handed(ctx, n.sides["a"], id); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("taken back: %v", err)
		}
	})
}
