package registry

import (
	"sync"

	"jingwei/internal/identify/handle"
	"jingwei/internal/identify/handle/server"
)

// known are the prefixes in memory, by their keys, with the service that each has.
type known struct {
	mu   sync.RWMutex
	list map[string]*knownPrefix
}

type knownPrefix struct {
	Prefix
	service server.Service // of its handles
	derived server.Service // of the prefixes derived from it: a 303
}

func (k *known) get(prefix string) (*knownPrefix, bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	p, ok := k.list[prefix]
	return p, ok
}

// find is get without making a string.
func (k *known) find(prefix []byte) *knownPrefix {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.list[string(prefix)]
}

// put takes in a prefix as it stands, with the record of its handle; nil where there is none.
func (k *known) put(p Prefix, record []byte) {
	x := &knownPrefix{Prefix: p}
	switch p.State {
	case Homed:
		x.service.Kind = server.Homed
	case Delegated:
		var values []handle.Value
		if record != nil {
			_, values, _ = handle.DecodeRecord(record) // it was encoded here; without values nobody is referred to
		}
		if r := referral(values, handle.TypeService, handle.TypeSite); r != nil {
			x.service = server.Service{Kind: server.ReferService, Referral: r}
		}
		if r := referral(values, handle.TypeServicePrefix, handle.TypeSitePrefix); r != nil {
			x.derived = server.Service{Kind: server.ReferAuthority, Referral: r}
		} else if r := referral(values, "", handle.TypeSite); r != nil {
			x.derived = server.Service{Kind: server.ReferAuthority, Referral: r}
		} else {
			// Whoever serves the prefix tells who serves those derived from it. After a 303 clients look in the handle that it names for sites of
			// derived prefixes, and that of a service has none.
			x.derived = x.service
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.list == nil {
		k.list = map[string]*knownPrefix{}
	}
	k.list[p.Prefix] = x
}

// referral is the body of one to a service handle, or to sites; nil where the values have neither.
func referral(values []handle.Value, service, site string) []byte {
	var sites []handle.Value
	for _, v := range values {
		if v.Type == service {
			return handle.AppendReferral(nil, handle.Name(v.Data), nil)
		}
		if v.Type == site {
			v.Type = handle.TypeSite // whoever is referred looks for sites
			sites = append(sites, v)
		}
	}
	if len(sites) == 0 {
		return nil
	}
	return handle.AppendReferral(nil, "", sites)
}

// all are the prefixes in no order.
func (k *known) all() (out []Prefix) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	for _, p := range k.list {
		out = append(out, p.Prefix)
	}
	return out
}
