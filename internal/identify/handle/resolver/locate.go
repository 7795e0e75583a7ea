package resolver

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"jingwei/internal/identify/handle"
	"jingwei/internal/identify/handle/client"
)

// find asks the servers of a handle and follows their referrals.
func (w *walk) find(ctx context.Context, q handle.Question) (Result, error) {
	flags := handle.FlagPublicOnly
	if w.options.Restricted {
		flags = 0
	}
	if w.options.DoNotRefer {
		flags |= handle.FlagDoNotRefer
	}
	if w.options.Authenticate {
		flags |= handle.FlagCertify
	}
	sites, err := w.sites(ctx, q.Name)
	if err != nil {
		return Result{}, err
	}
	request := client.Request{Operation: handle.Resolve, Flags: flags, Body: handle.AppendQuestion(nil, q), Signer: w.options.Signer}
	for {
		answer, err := w.ask(ctx, sites, q.Name, request)
		if err != nil {
			return Result{}, fmt.Errorf("resolve %s: %w", q.Name, err)
		}
		switch answer.Code {
		case handle.Success:
			name, values, err := handle.DecodeRecord(answer.Body)
			if err == nil && !name.Same(q.Name) {
				err = fmt.Errorf("resolve %s: %w: it is of %s", q.Name, client.ErrForged, name)
			}
			return Result{Name: name, Values: values}, err
		case handle.ServiceReferral, handle.PrefixReferral:
			if sites, err = w.referred(ctx, q.Name, answer); err != nil {
				return Result{}, err
			}
		default:
			return Result{}, handle.DecodeRefusal(answer.Code, answer.Body)
		}
	}
}

// referred are the sites that a referral names, by themselves or by the handle that holds them. Those of a service are kept for
// the handles of the same prefix.
func (w *walk) referred(ctx context.Context, name handle.Name, answer client.Response) ([]handle.Site, error) {
	if err := w.step(); err != nil {
		return nil, fmt.Errorf("resolve %s: %w", name, err)
	}
	to, values, err := handle.DecodeReferral(answer.Body)
	if err != nil {
		return nil, fmt.Errorf("resolve %s: referral: %w", name, err)
	}
	derived := answer.Code == handle.PrefixReferral
	if to != "" {
		if values, err = w.service(ctx, to, derived); err != nil {
			return nil, fmt.Errorf("resolve %s: the service %s that it is referred to: %w", name, to, err)
		}
	}
	sites := sitesOf(values, derived)
	if len(sites) == 0 {
		return nil, handle.Refuse(handle.NotResponsible, nil, "the referral of %s names no site", name)
	}
	if !derived {
		now := w.resolver.config.Now()
		life := min(lifetime(values, now), w.resolver.config.Limits.SiteTTL)
		w.resolver.cache.put(w.key(prefixKey(name.Prefix())), &entry{sites: sites}, now.Add(life))
	}
	return sites, nil
}

// sites are those that serve a handle: known from before, named by its prefix's handle, or the root's, which refer.
func (w *walk) sites(ctx context.Context, name handle.Name) ([]handle.Site, error) {
	r := w.resolver
	if _, ok := name.OfPrefix(); ok || w.options.DoNotRefer {
		return r.config.Root, nil
	}
	key := w.key(prefixKey(name.Prefix()))
	if e, ok := w.kept(prefixKey(name.Prefix())); ok {
		return e.sites, nil
	}
	if err := w.step(); err != nil {
		return nil, fmt.Errorf("resolve %s: %w", name, err)
	}
	values, err := w.service(ctx, handle.PrefixHandle(name.Prefix()), false)
	var refusal *handle.Refusal
	sites := sitesOf(values, false)
	switch {
	case err != nil && !errors.As(err, &refusal):
		return nil, err
	case len(sites) == 0:
		return r.config.Root, nil
	}
	now := r.config.Now()
	r.cache.put(key, &entry{sites: sites}, now.Add(min(lifetime(values, now), handle.MaxTTL)))
	return sites, nil
}

// service resolves the sites that a handle holds, or those of the handle that its HS_SERV names; for the prefixes derived from one,
// HS_SITE.PREFIX and HS_SERV.PREFIX come first.
func (w *walk) service(ctx context.Context, name handle.Name, derived bool) ([]handle.Value, error) {
	types := []string{handle.TypeSite, handle.TypeService}
	if derived {
		types = append(types, handle.TypeSitePrefix, handle.TypeServicePrefix)
	}
	for {
		inner := &walk{resolver: w.resolver, steps: w.steps, options: Options{Fresh: w.options.Fresh, Authenticate: w.options.Authenticate}}
		result, err := inner.resolve(ctx, handle.Question{Name: name, Types: types})
		w.steps, w.path = inner.steps, append(w.path, inner.path...)
		if err != nil {
			return nil, err
		}
		if len(sitesOf(result.Values, derived)) > 0 {
			return result.Values, nil
		}
		next, ok := dataOf(result.Values, handle.TypeServicePrefix)
		if !ok {
			next, ok = dataOf(result.Values, handle.TypeService)
		}
		if !ok {
			return nil, handle.Refuse(handle.ValueNotFound, nil, "%s names no site", name)
		}
		if err := w.step(); err != nil {
			return nil, err
		}
		name = handle.Name(next)
	}
}

func dataOf(values []handle.Value, typ string) (string, bool) {
	for _, v := range values {
		if v.Type == typ {
			return string(v.Data), true
		}
	}
	return "", false
}

// sitesOf are the sites among values: for derived prefixes those of HS_SITE.PREFIX, where there are some.
func sitesOf(values []handle.Value, derived bool) []handle.Site {
	var sites, prefixSites []handle.Site
	for _, v := range values {
		s, err := handle.DecodeSite(v.Data)
		switch {
		case err != nil:
		case v.Type == handle.TypeSite:
			sites = append(sites, s)
		case v.Type == handle.TypeSitePrefix && derived:
			prefixSites = append(prefixSites, s)
		}
	}
	if len(prefixSites) > 0 {
		return prefixSites
	}
	return sites
}

// ask asks the server of each site that the hash chooses, the primary's first when it must be, until one answers. A server
// that is busy, or does not serve the handle, is as one that does not answer, as long as there are others.
func (w *walk) ask(ctx context.Context, sites []handle.Site, name handle.Name, request client.Request) (client.Response, error) {
	var last error
	var lastAnswer *client.Response
	tried := 0
	for _, site := range sites {
		server, ok := site.Server(name)
		if !ok || tried >= w.resolver.config.Limits.ServersPerAsk {
			continue
		}
		tried++
		request.Serial = site.Serial
		answer, err := w.askServer(ctx, server, request)
		switch {
		case ctx.Err() != nil:
			return answer, ctx.Err()
		case err != nil:
			last = errors.Join(last, err)
		case answer.Code == handle.Busy || answer.Code == handle.NotResponsible || answer.Code == handle.ServerBackup:
			lastAnswer = &answer
		default:
			return answer, nil
		}
	}
	if lastAnswer != nil {
		return *lastAnswer, nil
	}
	if last == nil {
		last = handle.Refuse(handle.NotResponsible, nil, "%s has no server that may be asked", name)
	}
	return client.Response{}, last
}

// askServer asks a server by the protocols that both speak, one after the other.
func (w *walk) askServer(ctx context.Context, server handle.SiteServer, request client.Request) (client.Response, error) {
	c := w.resolver.config
	var last error
	for _, p := range c.Protocols {
		for _, f := range server.Interfaces {
			if f.Protocol != p || !f.Query {
				continue
			}
			target := client.Target{Protocol: p, Address: netip.AddrPortFrom(server.Address, uint16(f.Port))}
			if c.Allowed != nil && !c.Allowed(target.Address) {
				last = errors.Join(last, fmt.Errorf("%v may not be asked", target))
				continue
			}
			if len(server.PublicKey) > 0 {
				target.Key, _ = handle.DecodePublicKey(server.PublicKey)
			}
			if w.options.Authenticate && target.Key == nil {
				last = errors.Join(last, fmt.Errorf("%v has no key by which its answer could be believed", target))
				continue
			}
			answer, err := c.Client.Do(ctx, target, request)
			if err == nil {
				w.path = append(w.path, fmt.Sprintf("%v %d", target, answer.Code))
				return answer, nil
			}
			last = errors.Join(last, err)
			if ctx.Err() != nil {
				return answer, ctx.Err()
			}
		}
	}
	if last == nil {
		last = errors.New("the server has no interface for questions that is spoken here")
	}
	return client.Response{}, last
}

// Forget drops everything that is kept.
func (r *Resolver) Forget() { r.cache.clear() }
