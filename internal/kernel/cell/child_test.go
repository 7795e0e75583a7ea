package cell_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/uptrace/bun"

	"jingwei/internal/kernel/cell"
	"jingwei/internal/kernel/lease"
	"jingwei/internal/kernel/store"
)

// childEnv makes this test binary a process that serves cells until its standard input ends.
const childEnv = "JINGWEI_TEST_CELLS"

const childCells = 5

// writer is a node that writes all the time, each time fenced by its lease. Its epochs in the order of the table must
// never go back.
type writer struct {
	db   *store.DB
	cell string
	held *lease.Held
}

func (w writer) write(ctx context.Context) error {
	return w.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := w.held.Check(ctx, tx); err != nil {
			return err
		}
		_, err := tx.NewRaw("INSERT INTO written (cell, epoch) VALUES (?, ?)", w.cell, int64(w.held.Epoch())).Exec(ctx)
		return err
	})
}

func (w writer) Serve(ctx context.Context) error {
	for ctx.Err() == nil {
		// Not with ctx: a process that slept writes before it notices that its lease is gone.
		brief, cancel := context.WithTimeout(context.Background(), time.Second)
		if err := w.write(brief); err != nil {
			_, _ = fmt.Fprintln(os.Stdout, "refused", err)
		}
		cancel()
		select {
		case <-time.After(2 * time.Millisecond):
		case <-ctx.Done():
		}
	}
	return nil
}

func (w writer) Close(lost bool) error {
	if lost {
		return nil
	}
	return w.write(context.Background())
}

func childMain(url string) {
	ctx, cancel := context.WithCancel(context.Background())
	go func() { // ends with its parent, however that ends
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	err := func() error {
		db, err := store.Open(ctx, url, store.Options{})
		if err != nil {
			return err
		}
		office, err := lease.New(ctx, lease.Options{DB: db, Note: "child", Length: 700 * time.Millisecond})
		if err != nil {
			return err
		}
		defer office.Close()
		k, err := cell.New(ctx, cell.Options{
			DB: db, Office: office, Cells: names(childCells), Process: fmt.Sprint("process ", os.Getpid()), Every: 40 * time.Millisecond, Pause: 20 * time.Millisecond,
			Open: func(_ context.Context, c string, held *lease.Held) (cell.Serving, error) {
				return writer{db, c, held}, nil
			},
		})
		if err != nil {
			return err
		}
		return k.Run(ctx)
	}()
	if err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}
