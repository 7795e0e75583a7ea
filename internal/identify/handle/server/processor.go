package server

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"sync/atomic"

	"jingwei/internal/identify/handle"
)

// Processor does operations. Who asks is known (an Identity) or not (nil); an operation that needs to know is refused with
// handle.Unauthenticated. Every error is a *handle.Refusal. It is what the wire and the REST interface stand on, and safe
// for concurrent use.
type Processor struct {
	config Config
	site   atomic.Pointer[siteInfo]
}

// siteInfo is the site with its encoded form.
type siteInfo struct {
	site handle.Site
	data []byte
}

// NewProcessor makes a processor of a configuration.
func NewProcessor(c Config) *Processor {
	c.Limits = c.Limits.filled()
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	p := &Processor{config: c}
	p.SetSite(c.Site)
	return p
}

// SetSite replaces what the server says of its site.
func (p *Processor) SetSite(s handle.Site) {
	p.site.Store(&siteInfo{site: s, data: handle.AppendSite(nil, s)})
}

// Site is what the server says of its site.
func (p *Processor) Site() handle.Site { return p.site.Load().site }

// Referral is the error of an operation on a handle that is served elsewhere: code 302 or 303 with the body of the answer.
type Referral struct {
	Code handle.Code
	Body []byte // handle.DecodeReferral
}

func (r *Referral) Error() string { return r.Code.String() }

// Record appends those values of a handle's record that the question wants and whoever asks may see. The error is a
// *handle.Refusal or a *Referral.
func (p *Processor) Record(ctx context.Context, by *Identity, dst []byte, q *handle.QuestionView, publicOnly bool) ([]byte, error) {
	at := len(dst)
	key := handle.Fold(nil, q.Name)
	dst, ok := p.config.Holdings.Append(dst, key)
	if !ok {
		return dst, p.notHeld(key)
	}
	access := handle.Anybody
	switch {
	case publicOnly:
		access = handle.PublicOnly
	case by != nil:
		access = handle.Administrator
	}
	n, code := handle.Select(dst[at:], q, access)
	if access == handle.Administrator && code != handle.NoPermission {
		// Somebody known who may not read more is told so only when there is more to read.
		if err := p.mayRead(ctx, by, q, key); err != nil {
			return dst[:at], err
		}
	}
	switch code {
	case handle.Success:
		return dst[:at+n], nil
	case handle.ProtocolError:
		p.config.Log.Error("a record that is held does not decode", "handle", string(q.Name))
		return dst[:at], handle.Refuse(handle.Failed, nil, "the record is damaged")
	case handle.NoPermission:
		return dst[:at], handle.Refuse(code, nil, "nobody may read a value that was asked for")
	}
	return dst[:at], &handle.Refusal{Code: code}
}

// mayRead checks ReadValueRight when the question meets a value that not everybody may read.
func (p *Processor) mayRead(ctx context.Context, by *Identity, q *handle.QuestionView, key []byte) error {
	record, ok := p.config.Holdings.Append(nil, key)
	if !ok {
		return nil
	}
	if _, code := handle.Select(record, q, handle.Anybody); code != handle.Unauthenticated {
		return nil
	}
	record, ok = p.config.Holdings.Append(nil, key)
	if !ok {
		return nil
	}
	name, values, err := handle.DecodeRecord(record)
	if err != nil {
		return handle.Refuse(handle.Failed, nil, "the record is damaged")
	}
	return p.allow(ctx, by, name, values, handle.ReadValueRight)
}

// Values resolves a handle for somebody, as Record does, and decodes what it finds.
func (p *Processor) Values(ctx context.Context, by *Identity, q handle.Question, publicOnly bool) (handle.Name, []handle.Value, error) {
	var v handle.QuestionView
	if err := v.Decode(handle.AppendQuestion(nil, q)); err != nil {
		return "", nil, handle.Refuse(handle.ProtocolError, nil, "%v", err)
	}
	record, err := p.Record(ctx, by, nil, &v, publicOnly)
	if err != nil {
		return "", nil, err
	}
	name, values, err := handle.DecodeRecord(record)
	if err != nil {
		return "", nil, handle.Refuse(handle.Failed, nil, "the record is damaged")
	}
	return name, values, nil
}

// Holds reports whether a handle is held here.
func (p *Processor) Holds(name handle.Name) bool {
	_, ok := p.config.Holdings.Append(nil, []byte(name.Key()))
	return ok
}

// notHeld says what a handle is that is not held: not there, or served elsewhere, or by nobody known.
func (p *Processor) notHeld(key []byte) error {
	service, ok := p.service(key)
	switch {
	case !ok:
		return handle.Refuse(handle.InvalidName, nil, "a handle is prefix/suffix")
	case service.Kind == Homed:
		return &handle.Refusal{Code: handle.NotFound}
	case service.Kind == ReferService:
		return &Referral{Code: handle.ServiceReferral, Body: service.Referral}
	case service.Kind == ReferAuthority:
		return &Referral{Code: handle.PrefixReferral, Body: service.Referral}
	}
	return handle.Refuse(handle.NotResponsible, nil, "this server does not serve the prefix")
}

var namingKey = []byte(handle.NamingPrefix)

// service says who answers for a handle that is not held; false when it is no handle.
func (p *Processor) service(key []byte) (Service, bool) {
	i := bytes.IndexByte(key, '/')
	if i <= 0 {
		return Service{}, false
	}
	if bytes.Equal(key[:i], namingKey) && i+1 < len(key) {
		return p.config.Holdings.Authority(key[i+1:]), true
	}
	return p.config.Holdings.Service(key[:i]), true
}

// held is the record of a handle, decoded; false when it is not held here.
func (p *Processor) held(name handle.Name) ([]handle.Value, bool, error) {
	record, ok := p.config.Holdings.Append(nil, []byte(name.Key()))
	if !ok {
		return nil, false, nil
	}
	_, values, err := handle.DecodeRecord(record)
	if err != nil {
		p.config.Log.Error("a record that is held does not decode", "handle", string(name), "error", err)
		return nil, false, handle.Refuse(handle.Failed, nil, "the record is damaged")
	}
	return values, true, nil
}

// values finds values here or elsewhere.
func (p *Processor) values(ctx context.Context, name handle.Name, indexes []uint32, types []string) ([]handle.Value, error) {
	values, ok, err := p.held(name)
	if err != nil || ok {
		return values, err
	}
	if p.config.Elsewhere == nil {
		return nil, &handle.Refusal{Code: handle.NotFound}
	}
	ctx, cancel := context.WithTimeout(ctx, p.config.Limits.Elsewhere)
	defer cancel()
	return p.config.Elsewhere.Values(ctx, name, indexes, types)
}

// refusal turns whatever error into what is told: the text of an unexpected one stays here.
func (p *Processor) refusal(err error) error {
	var f *handle.Refusal
	var r *Referral
	switch {
	case err == nil:
		return nil
	case errors.As(err, &f), errors.As(err, &r):
		return err
	case errors.Is(err, handle.ErrMalformed):
		return handle.Refuse(handle.ProtocolError, nil, "%v", err)
	}
	p.config.Log.Error("an operation on a handle failed", "error", err)
	return handle.Refuse(handle.Failed, nil, "the server could not do it")
}
