package docking

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
	"github.com/klauspost/compress/zstd"
	"github.com/uptrace/bun"

	"jingwei/internal/identify/handle"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

//go:embed migrations/*.sql
var migrations embed.FS

type nodeRow struct {
	bun.BaseModel `bun:"table:docking_node,alias:n"`

	ID       uuid.UUID `bun:"id,pk"`
	Org      uuid.UUID
	Prefix   string
	State    string
	Revision int64
	Content  string
	Actor    string
	At       int64
	Since    int64
}

type revisionRow struct {
	bun.BaseModel `bun:"table:docking_revision,alias:r"`

	Node     uuid.UUID `bun:"node,pk"`
	Revision int64     `bun:"revision,pk"`
	State    string
	Content  string
	Reason   string
	Actor    string
	At       int64
}

// content is what a node's row holds as JSON.
type content struct {
	Prefix   string      `json:"prefix"` // as it was entered
	Role     Role        `json:"role"`
	Name     text.Text   `json:"name"`
	Operator text.Text   `json:"operator"`
	Credit   string      `json:"creditCode,omitempty"`
	Division string      `json:"division,omitempty"`
	Keys     []string    `json:"keys"`
	Probe    handle.Name `json:"probe,omitempty"`
	Doors    []string    `json:"doors"`
}

func (n *Node) content() string {
	c := content{n.Prefix, n.Role, n.Name, n.Operator, n.Credit, n.Division, n.Keys, n.Probe, nil}
	for _, d := range n.Doors {
		c.Doors = append(c.Doors, d.String())
	}
	return encode(c)
}

func (n *Node) read(words string) error {
	var c content
	if err := json.Unmarshal([]byte(words), &c); err != nil {
		return fmt.Errorf("node %s: %w", n.ID, err)
	}
	n.Prefix, n.Role, n.Name, n.Operator, n.Credit, n.Division, n.Keys, n.Probe = c.Prefix, c.Role, c.Name, c.Operator, c.Credit, c.Division, c.Keys, c.Probe
	for _, s := range c.Doors {
		d, err := ParseDoor(s)
		if err != nil {
			return fmt.Errorf("node %s: %w", n.ID, err)
		}
		n.Doors = append(n.Doors, d)
	}
	return nil
}

func (r *nodeRow) node() (Node, error) {
	n := Node{ID: r.ID, Org: r.Org, Revision: r.Revision, State: State(r.State), At: r.At, Since: r.Since}
	if err := json.Unmarshal([]byte(r.Actor), &n.By); err != nil {
		return n, fmt.Errorf("node %s: %w", r.ID, err)
	}
	return n, n.read(r.Content)
}

func (r *revisionRow) node(org uuid.UUID) (Node, error) {
	n := Node{ID: r.Node, Org: org, Revision: r.Revision, State: State(r.State), Reason: r.Reason, At: r.At}
	if err := json.Unmarshal([]byte(r.Actor), &n.By); err != nil {
		return n, fmt.Errorf("node %s: %w", r.Node, err)
	}
	return n, n.read(r.Content)
}

type healthRow struct {
	bun.BaseModel `bun:"table:docking_health,alias:h"`

	Node    uuid.UUID `bun:"node,pk"`
	Down    int64
	Streak  int64
	Event   string
	At      int64
	Answers string
}

type hourRow struct {
	bun.BaseModel `bun:"table:docking_hour,alias:h"`

	Node  uuid.UUID `bun:"node,pk"`
	Door  string    `bun:"door,pk"`
	Hour  int64     `bun:"hour,pk"`
	Asked int64
	Well  int64
	Took  int64
	Least int64
	Most  int64
}

type eventRow struct {
	bun.BaseModel `bun:"table:docking_event,alias:e"`

	ID    uuid.UUID `bun:"id,pk"`
	Node  uuid.UUID
	State string
	Of    string
	At    int64
	Cause string
}

type returnRow struct {
	bun.BaseModel `bun:"table:docking_return,alias:r"`

	ID       uuid.UUID `bun:"id,pk"`
	Node     uuid.UUID
	Kind     string
	Period   string
	Revision int64
	Part     int64
	Parts    int64
	Rows     int64
	SHA256   string `bun:"sha256"`
	Made     int64
	At       int64
	Document []byte
}

type dayRow struct {
	bun.BaseModel `bun:"table:docking_day,alias:d"`

	Node       uuid.UUID `bun:"node,pk"`
	Kind       string    `bun:"kind,pk"`
	Day        string    `bun:"day,pk"`
	Prefix     string    `bun:"prefix,pk"`
	Registered int64
	Total      int64
	Requests   int64
	Successes  int64
}

type aboveRow struct {
	bun.BaseModel `bun:"table:docking_above,alias:a"`

	Org      uuid.UUID `bun:"org,pk"`
	Revision int64     `bun:"revision,pk"`
	Content  string
	Reason   string
	Actor    string
	At       int64
}

type sentRow struct {
	bun.BaseModel `bun:"table:docking_sent,alias:s"`

	ID       uuid.UUID `bun:"id,pk"`
	Org      uuid.UUID
	Kind     string
	Period   string
	Revision int64
	Part     int64
	Parts    int64
	Rows     int64
	SHA256   string `bun:"sha256"`
	Made     int64
	State    string
	Tries    int64
	Due      int64
	At       int64
	Answer   string
	Document []byte
}

// encode writes what this room's own types hold.
func encode(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // none of them can fail
	}
	return string(b)
}

func wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, store.Err(err))
}

// packer packs documents. Both halves are safe for concurrent use by EncodeAll and DecodeAll.
type packer struct {
	to   *zstd.Encoder
	from *zstd.Decoder
}

func newPacker() (packer, error) {
	to, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return packer{}, err
	}
	from, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(MaxBytes+1<<20))
	return packer{to, from}, err
}

func (p packer) pack(b []byte) []byte            { return p.to.EncodeAll(b, nil) }
func (p packer) unpack(b []byte) ([]byte, error) { return p.from.DecodeAll(b, nil) }

// scopedNode finds a node that somebody's scope reaches. Error: store.ErrNotFound.
func scopedNode(ctx context.Context, q *bun.SelectQuery, id uuid.UUID) (Node, error) {
	var row nodeRow
	if err := q.Model(&row).Where("n.id = ?", id).Scan(ctx); err != nil {
		return Node{}, wrap("node "+id.String(), err)
	}
	return row.node()
}
