package shared

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	api "github.com/nats-io/nats.go/jetstream"
)

const cellKey = "jingwei-cell" // in the bucket's metadata: whose it is

// bucket is the object store of a cell. Objects are written through nats.go, so that the tools of NATS list and read them.
// They are read and removed by their messages: the library's Get waits for a message that is not there instead of saying
// so, and its Delete leaves a message behind for every object that ever was.
type bucket struct {
	o      *Options
	name   string
	stream api.Stream
	store  api.ObjectStore
}

// openBucket finds the bucket, or makes it.
func openBucket(ctx context.Context, o *Options) (*bucket, error) {
	js, err := api.New(o.Objects.Conn)
	if err != nil {
		return nil, err
	}
	b := &bucket{o: o, name: o.Objects.Bucket}
	b.store, err = js.ObjectStore(ctx, b.name)
	if errors.Is(err, api.ErrBucketNotFound) {
		b.store, err = js.CreateObjectStore(ctx, api.ObjectStoreConfig{
			Bucket: b.name, Description: "Jingwei: contents of the files of cell " + o.Cell, Storage: api.FileStorage,
			Replicas: o.Objects.Replicas, MaxBytes: o.Objects.MaxBytes, Metadata: map[string]string{cellKey: o.Cell},
		})
	}
	if err != nil {
		return nil, err
	}
	if b.stream, err = js.Stream(ctx, "OBJ_"+b.name); err != nil {
		return nil, err
	}
	c := b.stream.CachedInfo().Config
	wrong := func(field string, value any, mend string) error {
		return &ConfigError{b.name, field, fmt.Sprint(value), mend}
	}
	switch {
	case c.Metadata[cellKey] != o.Cell:
		return nil, wrong("metadata "+cellKey, fmt.Sprintf("%q", c.Metadata[cellKey]), "it must be "+o.Cell+": objects that the cell does not name are removed; give each cell a bucket of its own")
	case c.Storage != api.FileStorage:
		return nil, wrong("storage", c.Storage, "it must be file")
	case c.MaxAge != 0:
		return nil, wrong("max_age", c.MaxAge, "it must be 0, so that nothing goes before it is removed")
	case c.Retention != api.LimitsPolicy || c.Discard != api.DiscardNew:
		return nil, wrong("retention", fmt.Sprint(c.Retention, ", discard ", c.Discard), "it must be limits, discard new")
	case c.MaxMsgs > 0 || c.MaxMsgsPerSubject > 0:
		return nil, wrong("max_msgs", c.MaxMsgs, "it must be -1")
	case c.Replicas < o.Objects.Replicas:
		return nil, wrong("number of replicas", c.Replicas, fmt.Sprintf("at least %d are asked for; raise it with the tools of NATS", o.Objects.Replicas))
	}
	return b, nil
}

func (b *bucket) chunks(nuid string) string { return "$O." + b.name + ".C." + nuid }
func (b *bucket) meta(object string) string {
	return "$O." + b.name + ".M." + base64.URLEncoding.EncodeToString([]byte(object))
}

// put stores r's size bytes as a new object. It returns when the cluster has it durably. After an error something of the
// object may be there: it is not tried again under the same name, since messages on their way could still come.
func (b *bucket) put(ctx context.Context, path string, r io.ReaderAt, from, size int64) (piece, error) {
	ctx, cancel := context.WithTimeout(ctx, tryFor(size))
	defer cancel()
	local := &watched{r: io.NewSectionReader(r, from, size)}
	name := uuid.NewString()
	info, err := b.store.Put(ctx, api.ObjectMeta{Name: name, Description: path, Opts: &api.ObjectMetaOptions{ChunkSize: uint32(b.o.chunk)}}, local)
	switch {
	case local.err != nil:
		return piece{}, &localError{local.err}
	case err != nil:
		return piece{}, fmt.Errorf("store an object in bucket %s: %w", b.name, err)
	case info.Size != uint64(size):
		return piece{}, &localError{fmt.Errorf("the local copy has %d bytes where %d are due", info.Size, size)}
	}
	sum, err := api.DecodeObjectDigest(info.Digest)
	if err != nil {
		return piece{}, err
	}
	return piece{At: from, Len: size, Bytes: size, Object: name, Chunks: info.NUID, Sum: hex.EncodeToString(sum)}, nil
}

func tryFor(size int64) time.Duration { return tryTime + time.Duration(size/tryRate)*time.Second }

// watched remembers whether it was the local disk that failed.
type watched struct {
	r   io.Reader
	err error
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := io.ReadFull(w.r, p) // a full message each, whatever the reader likes
	switch {
	case err == io.ErrUnexpectedEOF:
		err = nil
	case err != nil && err != io.EOF:
		w.err = err
	}
	return n, err
}

// absentError: the replica that answered has no further message of the object.
type absentError struct{ have int64 }

func (e *absentError) Error() string {
	return fmt.Sprintf("is missing, or ends after %d bytes", e.have)
}

// get writes an object to w and returns nil only if it is the one that was stored. Errors: *absentError, *DamageError,
// *localError, those of the connection.
func (b *bucket) get(ctx context.Context, path string, p piece, w io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, tryFor(p.Bytes))
	defer cancel()
	h := sha256.New()
	var n int64
	for seq := uint64(1); n < p.Bytes; {
		m, err := b.message(ctx, seq, b.chunks(p.Chunks))
		if errors.Is(err, api.ErrMsgNotFound) {
			return &absentError{n}
		}
		if err != nil {
			return fmt.Errorf("read object %s in bucket %s: %w", p.Object, b.name, err)
		}
		if len(m.Data) == 0 || int64(len(m.Data)) > p.Bytes-n {
			return &DamageError{path, p.Object, b.name, fmt.Sprintf("has more than the %d bytes that were stored", p.Bytes)}
		}
		if _, err := w.Write(m.Data); err != nil {
			return &localError{err}
		}
		h.Write(m.Data)
		n += int64(len(m.Data))
		seq = m.Sequence + 1
	}
	if sum := hex.EncodeToString(h.Sum(nil)); sum != p.Sum {
		return &DamageError{path, p.Object, b.name, "has the SHA-256 " + sum + ", want " + p.Sum}
	}
	return nil
}

// message asks one replica, and another one soon if it hangs.
func (b *bucket) message(ctx context.Context, seq uint64, subject string) (*api.RawStreamMsg, error) {
	ctx, cancel := context.WithTimeout(ctx, tryTime/3)
	defer cancel()
	return b.stream.GetMsg(ctx, seq, api.WithGetMsgSubject(subject))
}

// remove takes an object away without a trace; object or chunks may be "". That it is gone already is no error.
func (b *bucket) remove(ctx context.Context, object, chunks string) error {
	ctx, cancel := context.WithTimeout(ctx, tryTime)
	defer cancel()
	if object != "" {
		if err := b.stream.Purge(ctx, api.WithPurgeSubject(b.meta(object))); err != nil {
			return err
		}
	}
	if chunks != "" {
		return b.stream.Purge(ctx, api.WithPurgeSubject(b.chunks(chunks)))
	}
	return nil
}

// listed is what a search for garbage sees: names of objects and of what has chunks.
type listed struct{ objects, chunks []string }

// list asks the stream for its subjects. The library's List waits for ever where objects are removed meanwhile: it waits for
// a message that is the last one, and that one may be gone.
func (b *bucket) list(ctx context.Context) (l listed, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for _, of := range []struct {
		prefix string
		list   *[]string
	}{{b.chunks(""), &l.chunks}, {"$O." + b.name + ".M.", &l.objects}} {
		info, err := b.stream.Info(ctx, api.WithSubjectFilter(of.prefix+"*"))
		if err != nil {
			return l, err
		}
		for s := range info.State.Subjects {
			*of.list = append(*of.list, strings.TrimPrefix(s, of.prefix))
		}
	}
	for i, encoded := range l.objects {
		name, err := base64.URLEncoding.DecodeString(encoded)
		if err != nil {
			return l, fmt.Errorf("bucket %s holds an object with the impossible name %q", b.name, encoded)
		}
		l.objects[i] = string(name)
	}
	return l, nil
}

// used is how many bytes the bucket holds, and may hold (0: no limit of its own).
func (b *bucket) used(ctx context.Context) (used, limit int64, err error) {
	info, err := b.stream.Info(ctx)
	if err != nil {
		return 0, 0, err
	}
	return int64(info.State.Bytes), max(0, info.Config.MaxBytes), nil
}

// patiently does what needs the object store until it succeeds, ctx ends, patience does, or waiting is of no use.
func (b *bucket) patiently(ctx context.Context, what string, do func(context.Context) error) error {
	end := time.Now().Add(b.o.Patience)
	for pause := pauseFirst; ; pause = min(2*pause, pauseMax) {
		err := do(ctx)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return fmt.Errorf("%w (last answer of the cluster: %w)", context.Cause(ctx), err)
		case final(err) || !time.Now().Add(pause).Before(end):
			return err
		}
		var absent *absentError
		if !errors.As(err, &absent) && !errors.Is(err, nats.ErrTimeout) {
			b.o.Logger.Debug("the object store is asked again", "bucket", b.name, "doing", what, "error", err)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
}
