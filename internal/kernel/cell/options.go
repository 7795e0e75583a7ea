package cell

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"regexp"
	"time"

	"jingwei/internal/kernel/lease"
	"jingwei/internal/kernel/store"
)

// Serving is an open node of a cell.
type Serving interface {
	// Serve runs until ctx ends; an error, or an end before ctx's, is the node's failure. ctx ends with the lease
	// (context.Cause is lease.ErrLost) or when the cell is to be given back (the lease still stands, what is written passes).
	Serve(ctx context.Context) error
	// Close closes what was opened; it is called once, after Serve has returned. Where lost is true the lease is gone: nothing
	// may be written, for another process has the cell already.
	Close(lost bool) error
}

// Options build a Keeper. DB, Office, Cells and Open are required.
type Options struct {
	DB        *store.DB         // the schema that all processes of the deployment share
	Office    *lease.Office     // on the same DB; the caller closes it, after Run has returned
	Cells     []string          // of the deployment, not of this process: 1 to 40 characters a-z, 0-9 and -, not at either end
	Addresses map[string]string // by door: host:port where other processes reach this one
	Process   string            // what people call this process

	// Open opens the node of a cell. ctx ends as Serve's does. A panic in it, or in Serve or Close, is an error.
	Open func(ctx context.Context, cell string, held *lease.Held) (Serving, error)

	Changed func(State) // told of every change of a cell's state in this process, one after the other; must not block

	Every       time.Duration // between looks at what others do; default an eighth of a lease's length
	Pause       time.Duration // after a cell's first failure; doubles with each; default 1 s
	MaxPause    time.Duration // longest pause; default 5 min
	StopTimeout time.Duration // for closing a node, after which its lease is given back nonetheless: what it still writes is fenced; default 30 s

	Now    func() time.Time // for pauses; default the machine's clock
	Logger *slog.Logger
}

// blamed is how long others are told that a cell failed here.
const blamed = time.Hour

// A cell's name is part of host names, schemas and streams.
var cellName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$`)

func (o *Options) complete() error {
	if o.DB == nil || o.Office == nil || o.Open == nil {
		return errors.New("cell: DB, Office and Open are required")
	}
	if len(o.Cells) == 0 {
		return errors.New("cell: there are no cells")
	}
	seen := map[string]bool{}
	for _, c := range o.Cells {
		if !cellName.MatchString(c) {
			return fmt.Errorf("cell: %q is not a name of a cell: use 1 to 40 characters a-z, 0-9 and -, with - not at either end", c)
		}
		if seen[c] {
			return fmt.Errorf("cell: %q stands twice in the list of cells", c)
		}
		seen[c] = true
	}
	for door, address := range o.Addresses {
		if host, port, err := net.SplitHostPort(address); err != nil || host == "" || port == "" || port == "0" {
			return fmt.Errorf("cell: the address of door %s is %q; want host:port that other processes reach", door, address)
		}
	}
	for _, d := range []struct {
		value *time.Duration
		def   time.Duration
	}{{&o.Every, o.Office.Length() / 8}, {&o.Pause, time.Second}, {&o.MaxPause, 5 * time.Minute}, {&o.StopTimeout, 30 * time.Second}} {
		if *d.value <= 0 {
			*d.value = d.def
		}
	}
	if o.Every > o.Office.Length()/3 {
		return fmt.Errorf("cell: Every is %v; it must be at most a third of a lease's length, %v, or the process counts as dead between two beats", o.Every, o.Office.Length())
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return nil
}
