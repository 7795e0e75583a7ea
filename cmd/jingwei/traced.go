package main

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"jingwei/internal/identify/trace"
	"jingwei/internal/kernel/outward"
	"jingwei/internal/office/inbox"
)

// openTrace opens what happened to things.
func (n *node) openTrace(ctx context.Context) error {
	key, err := inbox.LoadKey(n.files, filepath.Join(n.dir, "trace.key"))
	if err != nil {
		return err
	}
	door := outward.New(n.cfg.Inbox.Allow, nil)
	n.closers = append(n.closers, func() error { door.Close(); return nil })
	n.trace, err = trace.New(ctx, trace.Options{DB: n.db, Book: n.groups, Outward: subscribers{door}, Key: key, Now: n.now, Logger: n.log})
	return err
}

// subscribers are addresses that events are sent to (trace.Outward): through the door that everything goes out by, signed as
// webhooks are.
type subscribers struct{ door *outward.Door }

func (s subscribers) CheckAddress(address string) error {
	if _, wrong := s.door.Address(address); wrong != nil {
		return errors.New(wrong.Text.En)
	}
	return nil
}

func (s subscribers) Post(ctx context.Context, address, secret, id, mediaType string, at time.Time, body []byte) (int, error) {
	sign := inbox.Sign(secret, at, body)
	status, _, err := s.door.Post(ctx, address, mediaType, body, map[string]string{inbox.SignatureHeader: sign, "GS1-Signature": sign, "Idempotency-Key": id})
	return status, err
}

var _ trace.Outward = subscribers{}
