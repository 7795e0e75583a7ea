package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/office/party"
	"jingwei/internal/office/register"
	sizes "jingwei/internal/office/register/party"
)

// openJoin opens what takes enterprises in.
func (n *node) openJoin(ctx context.Context) error {
	tables, err := sizes.Load(n.packs)
	if err != nil {
		return err
	}
	n.parties, err = party.New(ctx, party.Options{
		DB: n.db, Orgs: n.orgs, Auth: n.auth, Blobs: n.blobs, Enterprises: joining{n.registers}, Size: sizeOf(tables.Sizes),
		Industries: industriesOf(tables.Industries), Messenger: partyMessages{n}, Now: n.now, Logger: n.log,
	})
	return err
}

func industriesOf(t *sizes.Industries) (out []party.Industry) {
	for _, s := range t.Sections {
		out = append(out, party.Industry{Code: s.Code, Name: s.Name})
	}
	for _, d := range t.Divisions {
		out = append(out, party.Industry{Code: d.Code, Section: d.Section, Name: d.Name})
	}
	return out
}

func sizeOf(t *sizes.Sizes) func(string, *int64, *int64, *int64) party.Size {
	return func(industry string, employees, revenue, assets *int64) party.Size {
		s := t.Classify(industry, sizes.Figures{Employees: employees, Revenue: revenue, Assets: assets})
		return party.Size{Class: string(s.Class), Name: s.Class.Name(), Missing: s.Missing, Reasons: s.Reasons}
	}
}

// joining enters those who join into the register of enterprises (party.Enterprises).
type joining struct{ registers *register.Service }

// joinFields are what the register takes over from an application.
var joinFields = []string{"creditCode", "name", "nameEn", "industry", "region", "figuresYear", "employees", "revenue", "assets", "contact", "phone"}

func (j joining) Enter(ctx context.Context, home uuid.UUID, e party.Enterprise) error {
	scope, err := auth.Allow(ctx, auth.Configure, home)
	if err != nil {
		return err
	}
	given := field.Record{"org": e.Org.String()}
	for _, key := range joinFields {
		if v, ok := e.Record[key]; ok {
			given[key] = v
		}
	}
	entry, err := j.registers.FindFor(ctx, scope, home, enterpriseRegister, word(e.Record, "creditCode"))
	if errors.Is(err, store.ErrNotFound) {
		_, err = j.registers.AddFor(ctx, scope, home, enterpriseRegister, register.Input{Content: given.Encode(), State: "active"})
		return err
	}
	if err != nil {
		return err
	}
	// It is in the register already, from a list: what the enterprise says of itself now replaces what the list said, and what the
	// list alone knows (tags, cluster) stays.
	merged := maps.Clone(entry.Record)
	delete(merged, "sizeClass") // worked out
	maps.Copy(merged, given)
	entry, err = j.registers.Change(ctx, entry.ID, register.Change{Basis: entry.Revision, Content: merged.Encode(), Reason: e.Reason})
	if err != nil && !errors.Is(err, register.ErrSame) {
		return err
	}
	for _, step := range enterWays[entry.State] {
		if entry, err = j.registers.Move(ctx, entry.ID, step, entry.Revision, e.Reason); err != nil {
			return err
		}
	}
	return nil
}

// enterWays lead from a state of the register to "active".
var enterWays = map[string][]string{"applied": {"approve"}, "returned": {"resubmit", "approve"}, "closed": {"reopen", "approve"}}

var providerID = regexp.MustCompile(`^[a-z][a-z0-9-]{0,30}$`)

// providersFrom reads the file that lists OpenID Connect providers (auth.providers). Secrets stand in files of their own, so that the
// list may be shown to anybody.
func providersFrom(file string) ([]auth.Provider, error) {
	if file == "" {
		return nil, nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("auth.providers: %w", err)
	}
	var listed struct {
		Providers []struct {
			ID         string    `yaml:"id"`
			Issuer     string    `yaml:"issuer"`
			Client     string    `yaml:"client"`
			SecretFile string    `yaml:"secretFile"`
			Label      text.Text `yaml:"label"`
			Scopes     []string  `yaml:"scopes"`
		} `yaml:"providers"`
	}
	if err := yaml.UnmarshalWithOptions(data, &listed, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("auth.providers: %s: %w", file, err)
	}
	seen := map[string]bool{}
	var out []auth.Provider
	for i, p := range listed.Providers {
		wrong := func(what string) error {
			return fmt.Errorf("auth.providers: %s: provider %d (%q): %s", file, i+1, p.ID, what)
		}
		u, err := url.Parse(p.Issuer)
		switch {
		case !providerID.MatchString(p.ID) || seen[p.ID]:
			return nil, wrong("id: want small letters, digits and -, a letter first, and each once")
		case err != nil || u.Host == "" || u.Scheme != "https" && !(u.Scheme == "http" && (u.Hostname() == "127.0.0.1" || u.Hostname() == "::1" || u.Hostname() == "localhost")):
			return nil, wrong("issuer: want an https:// address (http on loopback only)")
		case p.Client == "":
			return nil, wrong("client: give the client id that the provider knows this node by")
		case p.Label.Zh == "" || p.Label.En == "":
			return nil, wrong("label: give zh and en")
		}
		seen[p.ID] = true
		secret := ""
		if p.SecretFile != "" {
			if !filepath.IsAbs(p.SecretFile) {
				p.SecretFile = filepath.Join(filepath.Dir(file), p.SecretFile)
			}
			b, err := os.ReadFile(p.SecretFile)
			if err != nil {
				return nil, wrong("secretFile: " + err.Error())
			}
			secret = strings.TrimSpace(string(b))
		}
		out = append(out, auth.Provider{ID: p.ID, Issuer: p.Issuer, Client: p.Client, Secret: secret, Label: p.Label, Scopes: p.Scopes})
	}
	return out, nil
}
