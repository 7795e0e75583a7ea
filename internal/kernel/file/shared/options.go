package shared

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/store"
)

// Held is the lease of a cell; *lease.Held is one.
type Held interface {
	// Check returns an error that wraps lease.ErrLost where the lease is another's. In a transaction it is the fence.
	Check(ctx context.Context, tx bun.IDB) error
	// Context ends with the lease; its cause tells why.
	Context() context.Context
}

// Objects say where the contents are.
type Objects struct {
	// Conn is the connection to the cluster, made with jetstream.ConnectOptions; it stays the caller's.
	Conn *nats.Conn
	// Bucket is the object store of this cell alone, default "files_<cell>". It is made if need be.
	Bucket string
	// Replicas of a bucket that is made: 1, 3 or 5, default 3. An existing one must have at least as many.
	Replicas int
	// MaxBytes of a bucket that is made; 0: no limit but the servers'.
	MaxBytes int64
}

// Options of a cell's files. DB, Held, Cell, Objects.Conn and CacheDir are required (Held not for Warm).
type Options struct {
	DB   *store.DB // on the schema of the cluster
	Held Held
	// Cell is its name: 1 to 24 lowercase letters, digits and -.
	Cell    string
	Objects Objects

	// CacheDir is a folder of this machine, of this cell alone. All of it may be lost between two lives.
	CacheDir string
	// CacheBytes bounds the objects in it that nobody uses. Files in use, and those being written, come on top: a room that
	// keeps all its files open, as telemetry does with its blocks, needs room for all of them. Default 8 GiB.
	CacheBytes int64

	// Patience is how long the cluster is asked again before an operation fails. Default 60 s; the end of the lease ends it.
	Patience time.Duration
	// SweepEvery is the time between two searches for objects that no row names; default 1 h, negative: only Sweep does.
	SweepEvery time.Duration

	// Keep is how long objects stay that no row names any more, so that whoever copies the directory first and the objects
	// then finds them all. Default 0: they go at once.
	Keep time.Duration

	Now    func() time.Time
	Logger *slog.Logger
	// OnFailure is told once, in a goroutine of its own, when the FS takes no change any more while it is open; it must not call
	// Close.
	OnFailure func(error)

	chunk int           // bytes of an object's message, for measuring; default 1 MiB or what the servers take
	lag   time.Duration // how long a replica may lag behind; default 3 s, where there are several
}

const (
	pauseFirst = 50 * time.Millisecond
	pauseMax   = time.Second
	tryTime    = 10 * time.Second // for one try of a transaction or of a small object
	tryRate    = 256 << 10        // bytes per second that a large object may take
	atOnce     = 4                // objects on their way to one file or by Warm
)

func (o Options) filled(warm bool) (Options, error) {
	if o.DB == nil {
		return o, fmt.Errorf("shared files: DB is missing")
	}
	if o.Held == nil && !warm {
		return o, fmt.Errorf("shared files: Held is missing; take the cell's lease first")
	}
	if o.Cell == "" || len(o.Cell) > 24 || strings.Trim(o.Cell, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return o, fmt.Errorf("shared files: Cell is %q; it must be 1 to 24 lowercase letters, digits or -", o.Cell)
	}
	if o.Objects.Conn == nil {
		return o, fmt.Errorf("shared files: Objects.Conn is missing; connect to the NATS cluster first")
	}
	if o.Objects.Bucket == "" {
		o.Objects.Bucket = "files_" + o.Cell
	}
	if o.Objects.Replicas == 0 {
		o.Objects.Replicas = 3
	}
	if n := o.Objects.Replicas; n != 1 && n != 3 && n != 5 {
		return o, fmt.Errorf("shared files: Replicas is %d; it must be 1, 3 or 5", n)
	}
	if o.CacheDir == "" {
		return o, fmt.Errorf("shared files: CacheDir is missing")
	}
	if o.CacheBytes <= 0 {
		o.CacheBytes = 8 << 30
	}
	if o.Patience <= 0 {
		o.Patience = time.Minute
	}
	if o.SweepEvery == 0 {
		o.SweepEvery = time.Hour
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	payload := int(o.Objects.Conn.MaxPayload())
	if payload == 0 {
		payload = 1 << 20
	}
	if o.chunk == 0 {
		o.chunk = 1 << 20
	}
	if o.chunk = min(o.chunk, payload-4096); o.chunk <= 0 {
		return o, fmt.Errorf("shared files: max_payload of the NATS servers is %d; raise it to 8MB", payload)
	}
	if o.lag == 0 && o.Objects.Replicas > 1 {
		o.lag = 3 * time.Second
	}
	return o, nil
}
