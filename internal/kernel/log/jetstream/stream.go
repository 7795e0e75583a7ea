package jetstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	api "github.com/nats-io/nats.go/jetstream"
)

func (o *Options) subject() string       { return "jingwei.journal." + o.Stream }
func (o *Options) cursorStream() string  { return o.Stream + "_cursors" }
func (o *Options) cursorSubject() string { return "jingwei.journal-cursors." + o.Stream }
func (o *Options) config() api.StreamConfig {
	return api.StreamConfig{
		Name: o.Stream, Description: "Jingwei journal: one message is one group of records",
		Subjects: []string{o.subject()}, Storage: api.FileStorage, Replicas: o.Replicas,
		Retention: api.LimitsPolicy, Discard: api.DiscardNew, MaxMsgs: -1, MaxBytes: -1, MaxMsgsPerSubject: -1, MaxMsgSize: -1,
		// Nothing but trimming takes messages away, and nobody edits one out. Trimming is a purge of the oldest.
		DenyDelete: true, AllowDirect: true,
	}
}

// ensureStream makes the stream or checks the one that is there.
func (l *Log) ensureStream(ctx context.Context) error {
	err := l.retry(ctx, "look for the journal's stream", func(ctx context.Context) error {
		var err error
		l.stream, err = l.js.Stream(ctx, l.o.Stream)
		if errors.Is(err, api.ErrStreamNotFound) {
			l.stream, err = l.js.CreateStream(ctx, l.o.config())
		}
		return err
	})
	if err != nil {
		return err
	}
	return checkConfig(l.stream.CachedInfo().Config, &l.o)
}

// checkConfig refuses a stream that would lose records or change them.
func checkConfig(c api.StreamConfig, o *Options) error {
	wrong := func(field string, value any, mend string) error {
		return &ConfigError{Stream: o.Stream, Field: field, Value: fmt.Sprint(value), Mend: mend}
	}
	switch {
	case !slices.Equal(c.Subjects, []string{o.subject()}):
		return wrong("subjects", c.Subjects, "only "+o.subject()+" belongs there: it is the stream of something else; name another one")
	case c.Storage != api.FileStorage:
		return wrong("storage", c.Storage, "it must be file")
	case c.Retention != api.LimitsPolicy:
		return wrong("retention", c.Retention, "it must be limits")
	case c.Discard != api.DiscardNew:
		return wrong("discard policy", c.Discard, "it must be new, so that nothing goes before it is trimmed")
	case c.MaxAge != 0:
		return wrong("max_age", c.MaxAge, "it must be 0, so that nothing goes before it is trimmed")
	case c.MaxMsgs > 0:
		return wrong("max_msgs", c.MaxMsgs, "it must be -1: MaxBytes of the journal bounds it")
	case c.MaxMsgsPerSubject > 0:
		return wrong("max_msgs_per_subject", c.MaxMsgsPerSubject, "it must be -1: MaxBytes of the journal bounds it")
	case c.Replicas < o.Replicas:
		return wrong("number of replicas", c.Replicas, fmt.Sprintf("at least %d are asked for; raise it with the tools of NATS", o.Replicas))
	case !c.AllowDirect:
		return wrong("allow_direct", false, "it must be true, so that every replica answers reads")
	case c.NoAck || c.Sealed || c.RePublish != nil || c.Mirror != nil || len(c.Sources) > 0 || c.SubjectTransform != nil:
		return wrong("configuration", "one with no_ack, sealed, republish, mirror, sources or subject_transform", "a journal allows none of them")
	}
	return nil
}

// retry does what needs the cluster until it succeeds, ctx ends, or the answer is one that waiting does not change.
func (l *Log) retry(ctx context.Context, what string, do func(context.Context) error) error {
	pause := retryPause
	for {
		try, cancel := context.WithTimeout(ctx, l.o.AckWait)
		err := do(try)
		cancel()
		var answer *api.APIError
		var damage *DamageError
		switch {
		case err == nil:
			return nil
		case errors.As(err, &damage), errors.Is(err, nats.ErrConnectionClosed), errors.Is(err, api.ErrJetStreamNotEnabled), errors.Is(err, api.ErrJetStreamNotEnabledForAccount):
			return fmt.Errorf("%s: %w", what, err)
		case errors.As(err, &answer) && answer.Code >= 400 && answer.Code < 500 && answer.Code != 408:
			return fmt.Errorf("%s: %w", what, err)
		case ctx.Err() != nil:
			return fmt.Errorf("%s: %w (last answer of the cluster: %w)", what, ctx.Err(), err)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return fmt.Errorf("%s: %w (last answer of the cluster: %w)", what, ctx.Err(), err)
		}
		pause = min(2*pause, retryMax)
	}
}

// CheckServers asks all servers of a cluster, over a connection of its system account, whether they sync before they
// acknowledge; it waits that long for answers, and wants at least so many.
func CheckServers(ctx context.Context, system *nats.Conn, wait time.Duration, servers int) error {
	sub, err := system.SubscribeSync(system.NewRespInbox())
	if err != nil {
		return err
	}
	defer func() { _ = sub.Unsubscribe() }()
	if err := system.PublishRequest("$SYS.REQ.SERVER.PING.JSZ", sub.Subject, nil); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	var lax []string
	answered := 0
	for answered < servers {
		m, err := sub.NextMsgWithContext(ctx)
		if err != nil {
			return fmt.Errorf("%d of %d NATS servers told how they sync: %w; check that the connection is of the system account", answered, servers, err)
		}
		var a struct {
			Server struct {
				Name string `json:"name"`
			} `json:"server"`
			Data struct {
				Disabled bool `json:"disabled"`
				Config   struct {
					SyncAlways bool `json:"sync_always"`
				} `json:"config"`
			} `json:"data"`
		}
		if err := json.Unmarshal(m.Data, &a); err != nil {
			return fmt.Errorf("answer of a NATS server: %w", err)
		}
		if a.Data.Disabled {
			continue // it stores nothing
		}
		answered++
		if !a.Data.Config.SyncAlways {
			lax = append(lax, a.Server.Name)
		}
	}
	if len(lax) > 0 {
		slices.Sort(lax)
		return fmt.Errorf("NATS servers %s acknowledge before they sync and lose acknowledged records when the power fails; set sync_interval: always in the jetstream block of their configuration", strings.Join(lax, ", "))
	}
	return nil
}
