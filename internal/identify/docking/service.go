package docking

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/identify/handle"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/evidence"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/outward"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// Options build a Service. All are required but Makers and Trouble.
type Options struct {
	DB      *store.DB
	Guide   *Guide
	Prober  *Prober
	Courier Courier
	Signers []evidence.Signer                                                     // of this node
	Door    *outward.Door                                                         // judges addresses of nodes above
	Makers  map[string]Maker                                                      // tables of the guide that this node can hand in
	Holds   func(ctx context.Context, org uuid.UUID, prefix string) (bool, error) // whether a prefix is an organisation's
	Trouble func(ctx context.Context, n *Node, down bool, what string)
	Now     func() time.Time
	Logger  *slog.Logger
}

// Service is the room. Its methods are safe for concurrent use.
type Service struct {
	o      Options
	packer packer
	wake   chan struct{}
}

// New brings the tables up to date.
func New(ctx context.Context, o Options) (*Service, error) {
	if err := store.MigrateRoom(ctx, o.DB, "docking", migrations); err != nil {
		return nil, err
	}
	p, err := newPacker()
	if err != nil {
		return nil, err
	}
	return &Service{o: o, packer: p, wake: make(chan struct{}, 1)}, nil
}

// Guide is what is handed in.
func (s *Service) Guide() *Guide { return s.o.Guide }

var byPrefix = store.Keyset{Columns: []string{"n.prefix"}}

// Nodes are those in the registers that the caller may read, by prefix; org narrows to one. Errors: those of auth.AllowOrVisible, store.ErrCursor.
func (s *Service) Nodes(ctx context.Context, org uuid.UUID, page store.Page) (items []Node, next string, err error) {
	scope, err := auth.AllowOrVisible(ctx, auth.Read, org)
	if err != nil {
		return nil, "", err
	}
	var rows []nodeRow
	q, err := byPrefix.Apply(scope.Where(s.o.DB.NewSelect().Model(&rows), "n.org"), page)
	if err != nil {
		return nil, "", err
	}
	if err := q.Scan(ctx); err != nil {
		return nil, "", wrap("list nodes below", err)
	}
	rows, next = store.Cut(byPrefix, rows, page, func(r *nodeRow) []any { return []any{r.Prefix} })
	for i := range rows {
		n, err := rows[i].node()
		if err != nil {
			return nil, "", err
		}
		items = append(items, n)
	}
	return items, next, nil
}

// Node is one in a register that the caller may read. Errors: store.ErrNotFound.
func (s *Service) Node(ctx context.Context, id uuid.UUID) (Node, error) {
	scope, err := auth.Visible(ctx, auth.Read)
	if err != nil {
		return Node{}, err
	}
	return scopedNode(ctx, scope.Where(s.o.DB.NewSelect(), "n.org"), id)
}

// Revisions of a node, the newest first. Errors: store.ErrNotFound.
func (s *Service) Revisions(ctx context.Context, id uuid.UUID) ([]Node, error) {
	n, err := s.Node(ctx, id)
	if err != nil {
		return nil, err
	}
	var rows []revisionRow
	if err := s.o.DB.NewSelect().Model(&rows).Where("r.node = ?", id).OrderExpr("r.revision DESC").Scan(ctx); err != nil {
		return nil, wrap("list revisions of a node", err)
	}
	out := make([]Node, len(rows))
	for i := range rows {
		if out[i], err = rows[i].node(n.Org); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Entry is what is entered of a node.
type Entry struct {
	Prefix   string
	Role     Role
	Name     text.Text
	Operator text.Text
	Credit   string
	Division string
	Keys     []string
	Probe    string
	Doors    []string
}

// Register enters a node that has applied. Errors: ErrField, ErrPrefix and those of auth.Allow.
func (s *Service) Register(ctx context.Context, in uuid.UUID, e Entry, reason string) (Node, error) {
	scope, err := auth.Allow(ctx, auth.Configure, in)
	if err != nil {
		return Node{}, err
	}
	n, err := e.node()
	if err != nil {
		return Node{}, err
	}
	if err := checkReason(reason); err != nil {
		return Node{}, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Node{}, err
	}
	n.ID, n.Org, n.State = id, in, Applied
	return s.write(ctx, scope, nil, n, reason)
}

// Change enters a node's data anew, or moves it to another state: an empty state leaves it as it is. revision is the one that the caller has
// seen. Errors: ErrField, ErrPrefix, ErrState, ErrChanged, store.ErrNotFound and those of auth.Allow.
func (s *Service) Change(ctx context.Context, id uuid.UUID, revision int64, e Entry, next State, reason string) (Node, error) {
	before, err := s.Node(ctx, id)
	if err != nil {
		return Node{}, err
	}
	scope, err := auth.Allow(ctx, auth.Configure, before.Org)
	if err != nil {
		return Node{}, err
	}
	n, err := e.node()
	if err != nil {
		return Node{}, err
	}
	if err := checkReason(reason); err != nil {
		return Node{}, err
	}
	n.ID, n.Org, n.State, n.Since, n.Revision = id, before.Org, before.State, before.Since, revision
	if next != "" && next != before.State {
		if !before.State.May(next) {
			return Node{}, ErrState.At("body.state", string(next)).With("state", before.State.Name())
		}
		n.State = next
	}
	return s.write(ctx, scope, &before, n, reason)
}

// write appends a revision.
func (s *Service) write(ctx context.Context, scope auth.Scope, before *Node, n Node, reason string) (Node, error) {
	now := s.o.Now()
	n.By, n.At, n.Reason = auth.ActorOf(scope.Principal()), now.UnixNano(), reason
	if n.State == Serving && n.Since == 0 {
		n.Since = n.At
	}
	row := nodeRow{ID: n.ID, Org: n.Org, Prefix: folded(n.Prefix), State: string(n.State), Revision: n.Revision + 1, Content: n.content(), Actor: encode(n.By), At: n.At, Since: n.Since}
	err := s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if before == nil {
			if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
				return err
			}
		} else {
			done, err := tx.NewUpdate().Model(&row).WherePK().Where("revision = ?", n.Revision).Exec(ctx)
			if err != nil {
				return err
			}
			if rows, err := done.RowsAffected(); err != nil || rows == 0 {
				return errors.Join(err, ErrChanged.At("body.revision", n.Revision).With("stands", before.Revision))
			}
		}
		n.Revision = row.Revision
		r := revisionRow{Node: n.ID, Revision: n.Revision, State: row.State, Content: row.Content, Reason: reason, Actor: row.Actor, At: row.At}
		if _, err := tx.NewInsert().Model(&r).Exec(ctx); err != nil {
			return err
		}
		verb, was := "docking.node.register", any(nil)
		if before != nil {
			verb, was = "docking.node.change", before.told()
		}
		return audit.Record(ctx, tx, scope.Act(ctx, now, verb, audit.Object{Kind: "node", ID: n.ID.String(), Name: n.Prefix}, was, n.told()))
	})
	switch err = store.Err(err); {
	case errors.Is(err, store.ErrConflict):
		return Node{}, ErrPrefix.At("body.prefix", n.Prefix)
	case err != nil:
		return Node{}, fmt.Errorf("write node %s: %w", n.Prefix, err)
	}
	s.poke()
	return n, nil
}

// told is what the audit shows of a node.
func (n *Node) told() map[string]any {
	return map[string]any{"prefix": n.Prefix, "role": n.Role, "name": n.Name, "operator": n.Operator, "division": n.Division, "state": n.State, "keys": n.Keys, "reason": n.Reason}
}

func folded(prefix string) string { return string(handle.Fold(nil, []byte(prefix))) }

var prefixForm = regexp.MustCompile(`^[0-9A-Za-z]+(\.[0-9A-Za-z]+)*$`)

var (
	prefixName   = text.Text{Zh: "标识前缀", En: "Prefix"}
	roleName     = text.Text{Zh: "节点类型", En: "Role"}
	nodeName     = text.Text{Zh: "节点名称", En: "Name"}
	operatorName = text.Text{Zh: "运营单位", En: "Operator"}
	creditName   = text.Text{Zh: "统一社会信用代码", En: "Credit code"}
	divisionName = text.Text{Zh: "行政区划", En: "Division"}
	keysName     = text.Text{Zh: "节点公钥", En: "Public keys"}
	probeName    = text.Text{Zh: "探测标识", En: "Identifier to probe"}
	doorsName    = text.Text{Zh: "解析地址", En: "Where it is asked"}
	reasonName   = text.Text{Zh: "原因", En: "Reason"}
)

func checkReason(reason string) error {
	if n := utf8.RuneCountInString(strings.TrimSpace(reason)); n == 0 || n > MaxReason {
		return wrong("body.reason", reason, reasonName, text.Text{Zh: "未填写或过长", En: "is missing or too long"}, text.Text{Zh: "请用 1 至 500 个字说明", En: "Say why in 1 to 500 characters"})
	}
	return nil
}

// node checks what was entered. Error: ErrField.
func (e *Entry) node() (n Node, err error) {
	n = Node{Prefix: strings.TrimSpace(e.Prefix), Role: e.Role, Name: e.Name, Operator: e.Operator, Division: e.Division}
	if len(n.Prefix) > 64 || !prefixForm.MatchString(n.Prefix) {
		return n, wrong("body.prefix", e.Prefix, prefixName, text.Text{Zh: "不是标识前缀", En: "is no prefix"}, text.Text{Zh: "由点分隔的字母和数字，例如 88.101", En: "Letters and digits divided by dots, such as 88.101"})
	}
	if n.Role != Secondary && n.Role != Enterprise {
		return n, wrong("body.role", string(e.Role), roleName, text.Text{Zh: "不是节点类型", En: "is no role"}, text.Text{Zh: "secondary（二级节点）或 enterprise（企业节点）", En: "secondary or enterprise"})
	}
	for place, x := range map[string]struct{ is, name text.Text }{"body.name": {e.Name, nodeName}, "body.operator": {e.Operator, operatorName}} {
		for _, words := range []string{x.is.Zh, x.is.En} {
			if c := utf8.RuneCountInString(words); c == 0 || c > MaxText {
				return n, wrong(place, words, x.name, text.Text{Zh: "未填写或过长", En: "is missing or too long"}, text.Text{Zh: "中英文各 1 至 120 个字", En: "1 to 120 characters in each language"})
			}
		}
	}
	if e.Credit != "" {
		code, fault := org.CreditCodeFault(e.Credit)
		if fault.Zh != "" {
			return n, wrong("body.creditCode", e.Credit, creditName, fault, text.Text{Zh: "请按营业执照核对", En: "Compare it with the business licence"})
		}
		n.Credit = code
	}
	if e.Division != "" && !divisionForm.MatchString(e.Division) {
		return n, wrong("body.division", e.Division, divisionName, text.Text{Zh: "不是行政区划代码", En: "is no code of a division"}, text.Text{Zh: "六位数字（GB/T 2260），例如 440100", En: "Six digits (GB/T 2260), such as 440100"})
	}
	if err := n.keys(e.Keys); err != nil {
		return n, err
	}
	if e.Probe != "" {
		name, err := handle.ParseName(e.Probe)
		if err != nil || !under(name.Prefix(), n.Prefix) {
			return n, wrong("body.probe", e.Probe, probeName, text.Text{Zh: "不是该前缀下的标识", En: "is no identifier of the prefix"}, text.Text{Zh: "例如 " + n.Prefix + "/probe；留空则询问站点信息", En: "Such as " + n.Prefix + "/probe; left empty, it is asked for its site"})
		}
		n.Probe = name
	}
	return n, n.doors(e.Doors)
}

var divisionForm = regexp.MustCompile(`^[1-9][0-9]{5}$`)

func (n *Node) keys(given []string) error {
	if len(given) == 0 || len(given) > MaxKeys {
		return wrong("body.keys", len(given), keysName, text.Text{Zh: "须有 1 至 4 个", En: "are 1 to 4"}, text.Text{Zh: "请向该节点索取其公钥文件 evidence.vkey", En: "Ask the node for its file evidence.vkey"})
	}
	for i, k := range given {
		v, err := evidence.ParseVerifier(strings.TrimSpace(k))
		if err != nil {
			return wrong(fmt.Sprintf("body.keys[%d]", i), k, keysName, text.Text{Zh: "不是公钥", En: "is no public key"}, text.Text{Zh: "请整行粘贴 evidence.vkey 中的内容", En: "Paste a whole line of evidence.vkey"})
		}
		n.Keys = append(n.Keys, v.String())
	}
	return nil
}

func (n *Node) doors(given []string) error {
	if len(given) == 0 || len(given) > MaxDoors {
		return wrong("body.doors", len(given), doorsName, text.Text{Zh: "须有 1 至 16 个", En: "are 1 to 16"}, text.Text{Zh: "例如 udp 192.0.2.1:2641", En: "Such as udp 192.0.2.1:2641"})
	}
	for i, s := range given {
		d, err := ParseDoor(s)
		if err != nil {
			return wrong(fmt.Sprintf("body.doors[%d]", i), s, doorsName, text.Text{Zh: "不是解析地址", En: "is no such address"}, text.Text{Zh: "写协议（udp、tcp、http）、IP 地址和端口，例如 udp 192.0.2.1:2641", En: "Write protocol (udp, tcp, http), IP address and port, such as udp 192.0.2.1:2641"})
		}
		if slices.Contains(n.Doors, d) {
			return wrong(fmt.Sprintf("body.doors[%d]", i), s, doorsName, text.Text{Zh: "重复", En: "stands twice"}, text.Text{Zh: "每个地址写一次", En: "Write each address once"})
		}
		n.Doors = append(n.Doors, d)
	}
	return nil
}

// poke makes the loops look at once.
func (s *Service) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
