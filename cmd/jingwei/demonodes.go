package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/config"
	"jingwei/internal/kernel/file"
	"jingwei/internal/province/region"
)

// demoNodeCommand runs one of the nodes of a demo's region, beside the province's own. The demo starts it and reads its tokens from the
// pipe: nobody else does.
func demoNodeCommand() *cobra.Command {
	c := &cobra.Command{
		Use:    "node KEY",
		Short:  "Run a node of the demo's region; the demo itself starts it",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
	}
	addConfigFlags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		cfg, err := configured(c, map[string]string{"https.address": anyPort, "link.address": anyPort, "mqtt.address": "off", "auth.signUp": "true", "log.level": "warn"})
		if err != nil {
			return err
		}
		r, err := region.Load()
		if err != nil {
			return err
		}
		of := r.Node(args[0])
		if of == nil {
			return usageError{fmt.Errorf("the region has no node %q", args[0])}
		}
		if err := markDemo(cfg.Data); err != nil {
			return err
		}
		n, err := openNode(c.Context(), cfg, newLogger(cfg, c.ErrOrStderr()))
		if err != nil {
			return err
		}
		defer n.close()
		tokens, link, err := n.settle(demoContext(c.Context()), r, of)
		if err != nil {
			return fmt.Errorf("set up the node %s: %w", of.Key, err)
		}
		door, err := n.demoDoor(demoContext(c.Context()))
		if err != nil {
			return err
		}
		return n.serve(c.Context(), func() {
			for firm, token := range tokens {
				fmt.Fprintf(c.OutOrStdout(), "token-%s: %s\n", firm, token)
			}
			fmt.Fprintf(c.OutOrStdout(), "link: %s\nid: %s\ndoor: %s\n", n.linkAddress(), n.id, door)
			if link != nil {
				fmt.Fprintf(c.OutOrStdout(), "sign in: %s\n", link.URL(n.base()))
			}
			fmt.Fprintf(c.OutOrStdout(), "ready: %s\n", n.base())
		})
	}
	return c
}

// settle makes the organisations of a region's node, as far as they are not there, with an owner's token of each by firm. link is for
// the first sign-in; nil once the administrator has a password.
func (n *node) settle(ctx context.Context, r *region.Region, of *region.Node) (tokens map[string]string, link *auth.Link, err error) {
	p := provinceNode{n}
	tokens = map[string]string{}
	for i, m := range r.Members(of) {
		var id uuid.UUID
		if i == 0 {
			first, ok, fails := n.auth.FirstStart(ctx, m.Org, administrator)
			if fails != nil {
				return nil, nil, fails
			}
			if ok {
				link = &first
			}
			id, err = p.Home(ctx)
		} else if id, err = p.Found(ctx, m.Name, m.CreditCode); err == nil {
			err = p.Show(ctx, id)
		}
		if err != nil {
			return nil, nil, err
		}
		if tokens[m.Key], err = n.ownerToken(ctx, id); err != nil {
			return nil, nil, err
		}
	}
	if of.Firm != "" {
		tokens[of.Firm] = tokens[""]
	}
	return tokens, link, nil
}

// demoGuide is who links the nodes of a region with each other.
const demoGuide = "demo.guide"

// demoDoor makes a one-time link for the guide, who runs the node; its secret.
func (n *node) demoDoor(ctx context.Context) (string, error) {
	p := provinceNode{n}
	home, err := p.Home(ctx)
	if err != nil {
		return "", err
	}
	if err := p.Person(ctx, demoGuide, "演示引导（演示）", home, string(auth.Owner)); err != nil {
		return "", err
	}
	who, err := n.auth.PersonByLogin(ctx, demoGuide)
	if err != nil {
		return "", err
	}
	link, err := n.auth.MakeLink(ctx, who.ID)
	return link.Secret, err
}

// ownerToken makes a token of the demo for an organisation, for a day.
func (n *node) ownerToken(ctx context.Context, o uuid.UUID) (string, error) {
	scope, err := auth.Allow(ctx, auth.Tokens, o)
	if err != nil {
		return "", err
	}
	_, token, err := n.auth.CreateToken(ctx, scope, "demo region", auth.Owner, n.now().Add(24*time.Hour))
	return token, err
}

// regionKept is what the region has made so far, in a file of the demo's data folder that is its owner's alone.
type regionKept struct {
	path string
	mu   sync.Mutex
	made map[string]string
}

func keptRegion(dir string) (*regionKept, error) {
	k := &regionKept{path: filepath.Join(dir, "region.json"), made: map[string]string{}}
	b, err := os.ReadFile(k.path)
	if err == nil {
		err = json.Unmarshal(b, &k.made)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w; begin anew with --fresh", k.path, err)
	}
	return k, nil
}

// Get implements region.Kept.
func (k *regionKept) Get(key string) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.made[key]
}

// Keep implements region.Kept.
func (k *regionKept) Keep(key, value string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.made[key] = value
	b, err := json.MarshalIndent(k.made, "", "  ")
	if err != nil {
		return err
	}
	return file.WriteAtomic(file.OS(), k.path, b, 0o600)
}

// port is an address on loopback that is kept under a key, so that a neighbour or a gateway finds it again; another one where somebody
// else listens there meanwhile.
func (k *regionKept) port(key string) (string, error) {
	l, err := net.Listen("tcp", sameOrFree(k.Get(key)))
	if err != nil {
		return "", err
	}
	address := l.Addr().String()
	return address, errors.Join(l.Close(), k.Keep(key, address))
}

// regionNode is a node of the region as it runs.
type regionNode struct {
	region.Access
	signIn string // "" once the administrator has a password
	link   string // address that gateways dial
}

// regionPatience is how long a node of the region may take to end: it writes what it holds.
const regionPatience = 20 * time.Second

// startRegionNode starts a node and waits until it serves. at is its place after the demo's own port.
func startRegionNode(ctx context.Context, cfg *config.Loaded, kept *regionKept, c *children, of *region.Node, at int) (regionNode, error) {
	address := kept.Get("http/" + of.Key)
	if address == "" {
		address = nextPort(cfg.HTTP.Address, at)
	}
	https, err := kept.port("listen/https/" + of.Key)
	if err != nil {
		return regionNode{}, err
	}
	link, err := kept.port("listen/link/" + of.Key)
	if err != nil {
		return regionNode{}, err
	}
	said, err := c.start(ctx, true, nil, "demo", "node", of.Key, "--data", filepath.Join(cfg.Data, "nodes", of.Key), "--name", of.Name.Zh, "--http", sameOrFree(address),
		"--https", https, "--link", link, "--packs", cfg.Node.Packs, "--head-bytes", "16MiB", "--log-level", c.level.String())
	if err != nil {
		return regionNode{}, err
	}
	out := regionNode{Access: region.Access{URL: said["ready"], ID: said["id"], Door: said["door"], Tokens: map[string]string{}}, signIn: said["sign in"], link: said["link"]}
	for word, token := range said {
		if firm, ok := strings.CutPrefix(word, "token-"); ok {
			out.Tokens[firm] = token
		}
	}
	return out, kept.Keep("http/"+of.Key, strings.TrimPrefix(out.URL, "http://"))
}

// nextPort is the address so many ports after another; "" where that has none of its own.
func nextPort(address string, n int) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return ""
	}
	p, err := strconv.Atoi(port)
	if err != nil || p == 0 {
		return ""
	}
	return net.JoinHostPort(host, strconv.Itoa(p+n))
}
