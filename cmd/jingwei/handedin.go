package main

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"jingwei/internal/identify/docking"
	"jingwei/internal/identify/handle"
	"jingwei/internal/identify/registry"
	"jingwei/internal/kernel/auth"
)

// makers are the tables of the guide that this node makes by itself, from where it is resolved and from the prefixes that it has delegated.
func (n *node) makers() map[string]docking.Maker {
	return map[string]docking.Maker{
		"own-resolution": func(_ context.Context, a *docking.Above, _ docking.Period) ([]docking.Row, error) {
			if n.doors == nil {
				return nil, nil
			}
			return routes(a.Prefix, n.handleSite(nil)), nil
		},
		"enterprise-routing": func(ctx context.Context, a *docking.Above, _ docking.Period) ([]docking.Row, error) {
			list, err := n.registry.Prefixes(auth.AsSystem(ctx, "docking"), uuid.Nil)
			if err != nil {
				return nil, err
			}
			var rows []docking.Row
			for _, p := range list {
				if p.State != registry.Delegated || !strings.HasPrefix(p.Prefix, strings.ToUpper(a.Prefix)+".") {
					continue
				}
				sites, err := n.sitesOf(p.Name)
				if err != nil {
					return nil, err
				}
				for _, site := range sites {
					rows = append(rows, routes(p.Name, site)...)
				}
			}
			return rows, nil
		},
	}
}

// sitesOf are the sites that stand in the handle of a prefix.
func (n *node) sitesOf(prefix string) (out []handle.Site, err error) {
	record, ok := n.registry.Append(nil, handle.Fold(nil, []byte(handle.PrefixHandle(prefix))))
	if !ok {
		return nil, nil
	}
	_, values, err := handle.DecodeRecord(record)
	if err != nil {
		return nil, err
	}
	for _, v := range values {
		if v.Type == handle.TypeSite {
			site, err := handle.DecodeSite(v.Data)
			if err != nil {
				return nil, err
			}
			out = append(out, site)
		}
	}
	return out, nil
}

// routes are where a prefix is resolved, a row for each server of a site.
func routes(prefix string, site handle.Site) (out []docking.Row) {
	for _, server := range site.Servers {
		row := docking.Row{"prefix": prefix, "codeType": "handle", "address": server.Address.String()}
		for _, door := range server.Interfaces {
			if key := map[handle.Protocol]string{handle.UDP: "udp", handle.TCP: "tcp", handle.HTTP: "http"}[door.Protocol]; key != "" && door.Query {
				row[key] = int64(door.Port)
			}
		}
		out = append(out, row)
	}
	return out
}
