package resolver

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"jingwei/internal/identify/handle"
	"jingwei/internal/identify/handle/client"
)

// Config is what a resolver is made of.
type Config struct {
	Client *client.Client
	// Root are the sites that serve the root: prefix handles, and, at a node that refers, everything else.
	Root []handle.Site
	Now  func() time.Time
	// Protocols are tried in this order; empty: UDP, TCP, HTTP.
	Protocols []handle.Protocol
	// Allowed says which servers may be asked, as sites are what strangers register; nil: all.
	Allowed func(netip.AddrPort) bool
	// Anchor is the root of trust; nil: signatures are not checked.
	Anchor *Anchor
	Limits Limits
}

// Limits bound a resolver. Zero fields take the values of DefaultLimits.
type Limits struct {
	Steps         int           // referrals, aliases and service handles on the way of one question
	Entries       int           // answers that are kept
	Bytes         int           // that they may take together
	Negative      time.Duration // how long it is kept that something is not there
	SiteTTL       time.Duration // how long a referral is kept that names no TTL
	ServersPerAsk int           // how many servers of one service are tried
}

// DefaultLimits is what stands without configuration.
func DefaultLimits() Limits {
	return Limits{Steps: 16, Entries: 100_000, Bytes: 64 << 20, Negative: time.Minute, SiteTTL: time.Hour, ServersPerAsk: 4}
}

// Resolver resolves and keeps. It is safe for concurrent use and starts no goroutine.
type Resolver struct {
	config Config
	cache  *cache
}

// New makes a resolver.
func New(c Config) *Resolver {
	d := DefaultLimits()
	for _, p := range []struct {
		v *int
		d int
	}{{&c.Limits.Steps, d.Steps}, {&c.Limits.Entries, d.Entries}, {&c.Limits.Bytes, d.Bytes}, {&c.Limits.ServersPerAsk, d.ServersPerAsk}} {
		if *p.v == 0 {
			*p.v = p.d
		}
	}
	if c.Limits.Negative == 0 {
		c.Limits.Negative = d.Negative
	}
	if c.Limits.SiteTTL == 0 {
		c.Limits.SiteTTL = d.SiteTTL
	}
	if len(c.Protocols) == 0 {
		c.Protocols = []handle.Protocol{handle.UDP, handle.TCP, handle.HTTP}
	}
	return &Resolver{config: c, cache: newCache(c.Limits.Entries, c.Limits.Bytes)}
}

// Options are how a question is asked.
type Options struct {
	Fresh        bool          // not from what is kept
	Restricted   bool          // also what not everybody may read, for which Signer proves who asks
	Signer       client.Signer // answers challenges
	KeepAliases  bool          // an alias is an answer, not a way
	DoNotRefer   bool          // one server is asked, and sends nobody on
	Authenticate bool          // answers must be signed, all the way, by servers whose keys their sites name
}

// Result is what was found.
type Result struct {
	Name   handle.Name // as registered
	Values []handle.Value
	Kept   bool            // it was known already
	Path   []string        // the servers asked, in order: "UDP 127.0.0.1:2641 302"
	Signed map[uint32]bool // the values that the trust anchor vouches for; nil when there is none
}

// Resolve finds values of a handle. The error is a *handle.Refusal (NotFound, ValueNotFound, NotResponsible and others), or
// of the network.
func (r *Resolver) Resolve(ctx context.Context, q handle.Question, o Options) (Result, error) {
	w := &walk{resolver: r, options: o, steps: r.config.Limits.Steps}
	result, err := w.resolve(ctx, q)
	result.Path = w.path
	return result, err
}

// walk is the way of one question: every step of it, also those to find out where to go, counts.
type walk struct {
	resolver *Resolver
	options  Options
	steps    int
	path     []string
	plain    bool // a certificate is looked for, whose own signature is what counts
}

var errTooFar = errors.New("too many referrals, aliases and services on the way")

func (w *walk) step() error {
	if w.steps--; w.steps < 0 {
		return errTooFar
	}
	return nil
}

func (w *walk) resolve(ctx context.Context, q handle.Question) (Result, error) {
	if _, err := handle.ParseName(string(q.Name)); err != nil {
		return Result{}, handle.Refuse(handle.InvalidName, nil, "%v", err)
	}
	asked := q
	if len(q.Types) > 0 {
		asked.Types = append(append([]string(nil), q.Types...), handle.TypeAlias)
	}
	if w.resolver.config.Anchor != nil && !w.plain && (len(q.Types) > 0 || len(q.Indexes) > 0) {
		asked.Types = append(asked.Types, handle.TypeSignature)
	}
	for {
		result, err := w.one(ctx, asked)
		if err != nil {
			return result, err
		}
		alias, ok := aliasOf(result.Values)
		if !ok || w.options.KeepAliases || wantsAlias(q) {
			result.Values = wanted(result.Values, q)
			if len(result.Values) == 0 {
				return result, &handle.Refusal{Code: handle.ValueNotFound}
			}
			return result, nil
		}
		if err := w.step(); err != nil {
			return result, fmt.Errorf("resolve %s: %w", q.Name, err)
		}
		asked.Name = alias
	}
}

func wantsAlias(q handle.Question) bool {
	for _, t := range q.Types {
		if handle.TypeMatches(handle.TypeAlias, t) {
			return true
		}
	}
	return len(q.Indexes) > 0
}

func aliasOf(values []handle.Value) (handle.Name, bool) {
	for _, v := range values {
		if v.Type == handle.TypeAlias {
			if name, err := handle.ParseName(string(v.Data)); err == nil {
				return name, true
			}
		}
	}
	return "", false
}

// wanted are the values that a question names.
func wanted(values []handle.Value, q handle.Question) []handle.Value {
	if len(q.Indexes) == 0 && len(q.Types) == 0 {
		return values
	}
	var view handle.QuestionView
	if view.Decode(handle.AppendQuestion(nil, q)) != nil {
		return nil
	}
	var kept []handle.Value
	for _, v := range values {
		if view.HasIndex(v.Index) || view.HasType([]byte(v.Type)) {
			kept = append(kept, v)
		}
	}
	return kept
}

// one resolves a handle without following its alias, from what is kept or from its servers.
func (w *walk) one(ctx context.Context, q handle.Question) (Result, error) {
	r := w.resolver
	key := w.key(questionKey(q))
	if !w.options.Fresh && !w.options.Restricted {
		if e, ok := w.kept(questionKey(q)); ok {
			return Result{Name: e.name, Values: e.values, Kept: true, Signed: e.signed}, e.err()
		}
	}
	result, err := w.find(ctx, q)
	var refusal *handle.Refusal
	switch {
	case err == nil && r.config.Anchor != nil && !w.plain:
		if result.Signed, err = w.vouched(ctx, result.Name, result.Values); err != nil {
			return result, err
		}
	case err != nil:
		errors.As(err, &refusal)
	}
	if w.options.Restricted || w.options.DoNotRefer {
		return result, err
	}
	now := r.config.Now()
	switch {
	case err == nil:
		r.cache.put(key, &entry{name: result.Name, values: result.Values, signed: result.Signed}, now.Add(lifetime(result.Values, now)))
	case refusal != nil && (refusal.Code == handle.NotFound || refusal.Code == handle.ValueNotFound || refusal.Code == handle.NotResponsible):
		r.cache.put(key, &entry{refusal: refusal}, now.Add(r.config.Limits.Negative))
	}
	return result, err
}

// key sets what was found with less proof apart from what was found with more.
func (w *walk) key(k string) string {
	if w.options.Authenticate {
		k += "\x01"
	}
	if w.plain {
		k += "\x02"
	}
	return k
}

// kept is what is known under a key, also with more proof than is asked for.
func (w *walk) kept(k string) (*entry, bool) {
	now := w.resolver.config.Now()
	if e, ok := w.resolver.cache.get(w.key(k), now); ok || w.options.Authenticate {
		return e, ok
	}
	proved := *w
	proved.options.Authenticate = true
	return w.resolver.cache.get(proved.key(k), now)
}

// lifetime is how long values may be kept: the shortest of their TTLs, two days at most.
func lifetime(values []handle.Value, now time.Time) time.Duration {
	life := handle.MaxTTL
	for _, v := range values {
		ttl := time.Duration(v.TTL.Seconds) * time.Second
		if v.TTL.Absolute {
			ttl = time.Unix(int64(v.TTL.Seconds), 0).Sub(now)
		}
		life = min(life, ttl)
	}
	return life
}

// Values resolves for a server that needs keys and administrators held elsewhere (server.Elsewhere). Rights rest on it, so each
// answer on the way must be signed by the server, whose key its site names; those of the root are configured.
func (r *Resolver) Values(ctx context.Context, name handle.Name, indexes []uint32, types []string) ([]handle.Value, error) {
	result, err := r.Resolve(ctx, handle.Question{Name: name, Indexes: indexes, Types: types}, Options{Authenticate: true})
	return result.Values, err
}

// Verify asks the server that holds a secret key whether an answer proves it (server.Elsewhere). The answer must be signed by
// a server whose key its site names.
func (r *Resolver) Verify(ctx context.Context, v handle.Verification) (bool, error) {
	w := &walk{resolver: r, steps: r.config.Limits.Steps, options: Options{Authenticate: true}}
	sites, err := w.sites(ctx, v.User.Handle)
	if err != nil {
		return false, err
	}
	request := client.Request{Operation: handle.VerifyAnswer, Flags: handle.FlagCertify, Body: handle.AppendVerification(nil, v)}
	for {
		answer, err := w.ask(ctx, sites, v.User.Handle, request)
		switch {
		case err != nil:
			return false, err
		case answer.Code == handle.Success:
			return len(answer.Body) > 0 && answer.Body[0] == 1, nil
		case answer.Code != handle.ServiceReferral && answer.Code != handle.PrefixReferral:
			return false, handle.DecodeRefusal(answer.Code, answer.Body)
		}
		if sites, err = w.referred(ctx, v.User.Handle, answer); err != nil {
			return false, err
		}
	}
}
