package fleet

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/connect/driver"
	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/text"
)

func (s *Service) ownLink(ctx context.Context, id uuid.UUID) (Link, auth.Scope, error) {
	visible, err := auth.Visible(ctx, auth.Read)
	if err != nil {
		return Link{}, visible, err
	}
	l, err := findLink(ctx, s.o.DB, visible, id)
	if err != nil {
		return l, visible, err
	}
	scope, err := auth.Allow(ctx, auth.Configure, l.Org)
	return l, scope, err
}

// checkLink asks the driver about a link's configuration, without any I/O. before is the configuration that stands.
func (s *Service) checkLink(name text.Text, driverName string, before, config json.RawMessage) (json.RawMessage, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	return s.checkConfig(driverName, before, config)
}

func (s *Service) checkConfig(driverName string, before, config json.RawMessage) (json.RawMessage, error) {
	drv := s.o.Drivers[driverName]
	if drv == nil {
		return nil, ErrDriver.At("body.driver", driverName).With("drivers", strings.Join(slices.Sorted(maps.Keys(s.o.Drivers)), ", "))
	}
	if len(config) > maxConfig {
		return nil, ErrConfig.At("body.config", nil).With("field", "config").With("reason", text.Text{
			Zh: fmt.Sprintf("配置为 %d 字节，最多 %d 字节", len(config), maxConfig), En: fmt.Sprintf("%d bytes, at most %d are allowed", len(config), maxConfig)})
	}
	config, err := s.withSecrets(driverName, before, config)
	if err != nil {
		return nil, err
	}
	// The same words in the same order give the same document, and the same document restarts nothing.
	var whole any
	d := json.NewDecoder(bytes.NewReader(config))
	d.UseNumber()
	if err := d.Decode(&whole); err != nil {
		return nil, ErrConfig.At("body.config", nil).With("field", "config").With("reason", err.Error())
	}
	if config, err = json.Marshal(whole); err != nil {
		return nil, fmt.Errorf("encode the link's configuration: %w", err)
	}
	if c, ok := drv.(driver.LinkChecker); ok {
		err = c.CheckLink(config)
	} else {
		_, err = driver.ParseCommon(config)
	}
	return config, s.configError(driverName, err)
}

func (s *Service) configError(driverName string, err error) error {
	if err == nil {
		return nil
	}
	var f *driver.FieldError
	if !errors.As(err, &f) {
		f = &driver.FieldError{Field: "config", Text: text.Text{Zh: err.Error(), En: err.Error()}}
	}
	where, secret := "body.config", s.secrets(driverName)
	if len(secret) > 0 && (f.Field == "config" || slices.Contains(secret, f.Field)) {
		f = &driver.FieldError{Field: f.Field, Text: f.Text} // never the value
	}
	if f.Field != "config" {
		where += "." + f.Field
	}
	return ErrConfig.At(where, f.Value).With("field", f.Field).With("reason", f.Text)
}

func (s *Service) endpoint(l *Link) string {
	if e, ok := s.o.Drivers[l.Driver].(driver.Endpointer); ok {
		return e.Endpoint(l.Config)
	}
	return ""
}

// apart refuses a second link to the same device: one owner per physical link is what keeps devices that take one
// connection alive.
func (s *Service) apart(l *Link, others []Link) error {
	at := s.endpoint(l)
	for i := range others {
		o := &others[i]
		if o.ID != l.ID && o.Driver == l.Driver && at != "" && s.endpoint(o) == at {
			return ErrLinkTaken.At("body.config.address", at).With("name", o.Name).With("endpoint", at)
		}
	}
	return nil
}

// AddLink gives a gateway a link. Errors: ErrName, ErrDriver, ErrConfig, ErrLinkTaken, ErrTooMany, store.ErrNotFound.
func (s *Service) AddLink(ctx context.Context, id uuid.UUID, name text.Text, driverName string, config json.RawMessage) (Link, error) {
	g, scope, err := s.own(ctx, id)
	if err != nil {
		return Link{}, err
	}
	if config, err = s.checkLink(name, driverName, nil, config); err != nil {
		return Link{}, err
	}
	r := linkRow{ID: uuid.Must(uuid.NewV7()), Org: g.Org, Gateway: id, Name: name, Driver: driverName, Config: string(config), Created: s.o.Now().UnixNano(), Version: 1}
	l := r.link()
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		others, err := gatewayLinks(ctx, tx, scope, id)
		if err != nil {
			return err
		}
		if len(others) >= maxLinks {
			return ErrTooMany.With("limit", maxLinks)
		}
		if err := s.apart(&l, others); err != nil {
			return err
		}
		if _, err := tx.NewInsert().Model(&r).Exec(ctx); err != nil {
			return err
		}
		return s.note(ctx, tx, scope, "fleet.link.create", linkObject(l), nil, map[string]any{"gateway": id, "driver": driverName, "config": s.masked(driverName, config)})
	})
	if err != nil {
		return Link{}, fmt.Errorf("add a link: %w", err)
	}
	return l, s.load(ctx, id)
}

// ChangeLink changes a link's name or configuration. Errors as AddLink, api.ErrPrecondition.
func (s *Service) ChangeLink(ctx context.Context, id uuid.UUID, name *text.Text, config json.RawMessage, match api.IfMatch) (Link, error) {
	l, scope, err := s.ownLink(ctx, id)
	if err != nil {
		return l, err
	}
	before, held := map[string]any{"name": l.Name, "config": s.masked(l.Driver, l.Config)}, l.Config
	if name != nil {
		l.Name = *name
	}
	if config != nil {
		l.Config = config
	}
	if l.Config, err = s.checkLink(l.Name, l.Driver, held, l.Config); err != nil {
		return l, err
	}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		now, err := findLink(ctx, tx, scope, id)
		if err != nil {
			return err
		}
		if err := match.Check(now.ETag()); err != nil {
			return err
		}
		others, err := gatewayLinks(ctx, tx, scope, l.Gateway)
		if err != nil {
			return err
		}
		if err := s.apart(&l, others); err != nil {
			return err
		}
		l.Version = now.Version + 1
		if _, err := tx.NewUpdate().Model((*linkRow)(nil)).Set("name = ?", l.Name).Set("config = ?", string(l.Config)).Set("version = ?", l.Version).
			Where("id = ?", id).Exec(ctx); err != nil {
			return err
		}
		return s.note(ctx, tx, scope, "fleet.link.update", linkObject(l), before, map[string]any{"name": l.Name, "config": s.masked(l.Driver, l.Config)})
	})
	if err != nil {
		return l, fmt.Errorf("change link %s: %w", id, err)
	}
	return l, s.load(ctx, l.Gateway)
}

// RemoveLink takes a link away. Errors: ErrLinkUsed, api.ErrPrecondition, store.ErrNotFound.
func (s *Service) RemoveLink(ctx context.Context, id uuid.UUID, match api.IfMatch) error {
	l, scope, err := s.ownLink(ctx, id)
	if err != nil {
		return err
	}
	now := s.o.Now().UnixNano()
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		l, err := findLink(ctx, tx, scope, id)
		if err != nil {
			return err
		}
		if err := match.Check(l.ETag()); err != nil {
			return err
		}
		n, err := tx.NewSelect().Model((*connectionRow)(nil)).Where("link = ? AND until > ?", id, now).Count(ctx)
		if err != nil {
			return err
		}
		if n > 0 {
			return ErrLinkUsed.With("count", n)
		}
		if _, err := tx.NewUpdate().Model((*linkRow)(nil)).Set("removed = ?", now).Where("id = ?", id).Exec(ctx); err != nil {
			return err
		}
		return s.note(ctx, tx, scope, "fleet.link.remove", linkObject(l), map[string]any{"config": s.masked(l.Driver, l.Config)}, nil)
	})
	if err != nil {
		return fmt.Errorf("remove link %s: %w", id, err)
	}
	return s.load(ctx, l.Gateway)
}
