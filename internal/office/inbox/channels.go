package inbox

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// Codes: how long one holds, how often it may be tried, how long a channel waits for the next, and how many an owner may have
// sent in 24 hours.
const (
	verifyLife   = 30 * time.Minute
	verifyTries  = 5
	verifyPause  = 30 * time.Second
	verifyPerDay = 20
)

// NewChannel is a channel to be added: an organisation's, or the caller's own where Org is zero.
type NewChannel struct {
	Org  uuid.UUID
	Kind ChannelKind
	Name string
	Lang string
	Settings
}

// mine asks for the right to an owner's channels: one's own, or an organisation's with the verb.
func (s *Service) mine(ctx context.Context, org uuid.UUID, verb auth.Verb) (person string, scope auth.Scope, err error) {
	if org != uuid.Nil {
		scope, err = auth.Allow(ctx, verb, org)
		return "", scope, err
	}
	p, err := somebody(ctx)
	if err != nil {
		return "", scope, err
	}
	return p.ID.String(), auth.Scope{}, nil
}

// Channels are an organisation's, or the caller's own where none is named, the first made first.
func (s *Service) Channels(ctx context.Context, org uuid.UUID) ([]Channel, error) {
	person, scope, err := s.mine(ctx, org, auth.Read)
	if err != nil {
		return nil, err
	}
	var rows []channelRow
	q := s.o.DB.NewSelect().Model(&rows).ColumnExpr("c.*").
		ColumnExpr("(SELECT COUNT(*) FROM inbox_delivery AS d WHERE d.channel = c.id AND d.state = ?) AS waiting", queued).
		ColumnExpr("(SELECT COUNT(*) FROM inbox_delivery AS d WHERE d.channel = c.id AND d.state = ?) AS dead", dead).OrderExpr("c.id")
	if org != uuid.Nil {
		q = scope.Where(q.Where("c.org = ?", org.String()), "c.org")
	} else {
		q = q.Where("c.person = ?", person)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, wrap("list channels", err)
	}
	return store.All(rows, (*channelRow).channel), nil
}

// AddChannel adds one. It sends nothing before it is verified (Test, Verify). Errors: ErrField, ErrMany, ErrAnother, those of auth.
func (s *Service) AddChannel(ctx context.Context, n NewChannel) (Channel, error) {
	person, scope, err := s.mine(ctx, n.Org, auth.Configure)
	if err != nil {
		return Channel{}, err
	}
	if !contains(ChannelKinds, n.Kind) || n.Org == uuid.Nil && !contains(personalKinds, n.Kind) {
		return Channel{}, fault{"不能使用", "cannot be used here", "个人可用邮件和短信，单位可用全部渠道", "A person has mail and SMS, an organisation all"}.at("body.kind", string(n.Kind), nameKind)
	}
	name, wrong := checkChannelName(n.Name)
	if wrong != nil {
		return Channel{}, wrong
	}
	whole := n.Settings.Address + "|" + n.Settings.URL + "|" + n.Settings.Corp + "|" + strconv.FormatInt(n.Settings.Agent, 10) + "|" + n.Settings.To
	shown, wrong := s.door.settle(n.Kind, &n.Settings)
	if wrong != nil {
		return Channel{}, wrong
	}
	if n.Lang != "en" {
		n.Lang = "zh"
	}
	row := channelRow{ID: uuid.Must(uuid.NewV7()), Org: store.Word(n.Org), Person: person, Kind: string(n.Kind), Name: name, Address: shown, Lang: n.Lang, Enabled: true, Created: s.o.Now().UnixNano()}
	row.Same = s.sealer.codeHash("same", row.owner()+"|"+row.Kind+"|"+whole)
	if row.Sealed, err = s.sealer.seal(row.ID.String(), n.Settings); err != nil {
		return Channel{}, err
	}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		count, err := tx.NewSelect().Model((*channelRow)(nil)).Where("c.org = ? AND c.person = ?", row.Org, row.Person).Count(ctx)
		if err != nil {
			return err
		}
		if count >= maxChannels {
			return ErrMany.With("max", maxChannels)
		}
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return err
		}
		return s.noteChannel(ctx, tx, scope, &row, "inbox.channel.add", nil, map[string]any{"kind": row.Kind, "address": row.Address})
	})
	if errors.Is(err, store.ErrConflict) {
		return Channel{}, ErrAnother.At("body", shown)
	}
	if err != nil {
		return Channel{}, wrap("add a channel", err)
	}
	return row.channel(), nil
}

// noteChannel writes the audit entry; a person's own channels are their own matter, and stand in the record of the node.
func (s *Service) noteChannel(ctx context.Context, tx bun.Tx, scope auth.Scope, r *channelRow, verb string, before, after any) error {
	object := audit.Object{Kind: "inbox.channel", ID: r.ID.String(), Name: strings.TrimSpace(r.Kind + " " + r.Name)}
	if r.Org != "" {
		return audit.Record(ctx, tx, scope.Act(ctx, s.o.Now(), verb, object, before, after))
	}
	p, err := auth.Need(ctx)
	if err != nil {
		return err
	}
	o := auth.OriginFrom(ctx)
	return audit.Record(ctx, tx, audit.Entry{Time: s.o.Now().UTC(), Actor: auth.ActorOf(p), Via: p.Via, Verb: verb, Object: object, Before: audit.State(before), Remote: o.Remote, Trace: o.Trace})
}

// channel finds one that the caller may see, and then asks for the verb.
func (s *Service) channel(ctx context.Context, id uuid.UUID, verb auth.Verb) (row channelRow, scope auth.Scope, err error) {
	p, err := auth.Need(ctx)
	if err != nil {
		return row, scope, err
	}
	visible, err := auth.Visible(ctx, auth.Read)
	if err != nil {
		return row, scope, err
	}
	q := s.o.DB.NewSelect().Model(&row).Where("c.id = ?", id).WhereGroup(" AND ", func(q *bun.SelectQuery) *bun.SelectQuery {
		if p.Kind == auth.KindPerson {
			q = q.Where("c.person = ?", p.ID.String())
		}
		return q.WhereGroup(" OR ", func(q *bun.SelectQuery) *bun.SelectQuery { return visible.Where(q.Where("c.org <> ''"), "c.org") })
	})
	if err := q.Scan(ctx); err != nil {
		return row, scope, wrap("channel "+id.String(), err)
	}
	if row.Org != "" {
		scope, err = auth.Allow(ctx, verb, store.ID(row.Org))
	}
	return row, scope, err
}

// ChannelChange changes a channel; what is nil stays.
type ChannelChange struct {
	Name    *string
	Enabled *bool
	Lang    *string
}

// ChangeChannel renames, switches on or off. The address stays: another address is another channel.
func (s *Service) ChangeChannel(ctx context.Context, id uuid.UUID, c ChannelChange) (Channel, error) {
	row, scope, err := s.channel(ctx, id, auth.Configure)
	if err != nil {
		return Channel{}, err
	}
	before := map[string]any{"name": row.Name, "enabled": row.Enabled, "lang": row.Lang}
	if c.Name != nil {
		name, wrong := checkChannelName(*c.Name)
		if wrong != nil {
			return Channel{}, wrong
		}
		row.Name = name
	}
	if c.Enabled != nil {
		row.Enabled = *c.Enabled
	}
	if c.Lang != nil && (*c.Lang == "zh" || *c.Lang == "en") {
		row.Lang = *c.Lang
	}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewUpdate().Model(&row).Column("name", "enabled", "lang").WherePK().Exec(ctx); err != nil {
			return err
		}
		return s.noteChannel(ctx, tx, scope, &row, "inbox.channel.change", before, map[string]any{"name": row.Name, "enabled": row.Enabled, "lang": row.Lang})
	})
	return row.channel(), wrapNil("change a channel", err)
}

// RemoveChannel takes one away with all that waits in it.
func (s *Service) RemoveChannel(ctx context.Context, id uuid.UUID) error {
	row, scope, err := s.channel(ctx, id, auth.Configure)
	if err != nil {
		return err
	}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewDelete().Model((*deliveryRow)(nil)).Where("channel = ?", id).Exec(ctx); err != nil {
			return err
		}
		if _, err := tx.NewDelete().Model((*channelRow)(nil)).Where("id = ?", id).Exec(ctx); err != nil {
			return err
		}
		return s.noteChannel(ctx, tx, scope, &row, "inbox.channel.remove", map[string]any{"kind": row.Kind, "address": row.Address}, nil)
	})
	return wrapNil("remove a channel", err)
}

// Tested is how a test went.
type Tested struct {
	Sent    bool
	Trouble text.Text
	Code    bool // it carried a code, with which the channel is to be verified
}

// Test sends a test message; before the channel is verified it carries a code. Errors: ErrSoon, ErrSender.
func (s *Service) Test(ctx context.Context, id uuid.UUID) (Tested, error) {
	row, scope, err := s.channel(ctx, id, auth.Configure)
	if err != nil {
		return Tested{}, err
	}
	if ok, err := s.hasSender(ctx, ChannelKind(row.Kind)); err != nil || !ok {
		if err == nil {
			err = noSender(ChannelKind(row.Kind))
		}
		return Tested{}, err
	}
	var settings Settings
	if err := s.sealer.open(row.ID.String(), row.Sealed, &settings); err != nil {
		return Tested{Trouble: told("sealed", "")}, nil
	}
	if row.Kind == string(SMS) && row.Verified != 0 { // the operators' templates for codes carry nothing else
		row.Verified = 0
	}
	code := ""
	if row.Verified == 0 {
		code = newCode()
	}
	now := s.o.Now()
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := s.meter(ctx, tx, &row, now); err != nil {
			return err
		}
		if code != "" {
			row.Code, row.CodeUntil, row.CodeLeft = s.sealer.codeHash(row.ID.String(), code), now.Add(verifyLife).UnixNano(), verifyTries
			if _, err := tx.NewUpdate().Model(&row).Column("code", "code_until", "code_left").WherePK().Exec(ctx); err != nil {
				return err
			}
		}
		return s.noteChannel(ctx, tx, scope, &row, "inbox.channel.test", nil, nil)
	})
	if err != nil {
		return Tested{}, err
	}
	o := outgoing{ID: uuid.Must(uuid.NewV7()).String(), Topic: "test", Lang: row.Lang, At: now, Code: code, Text: text.Text{Zh: "经纬平台测试消息", En: "Test message of Jingwei"}}
	if code != "" {
		o.Text = text.Text{Zh: "经纬平台验证码：" + code + "（30 分钟内有效）。如非本人操作，请忽略。", En: "Jingwei code: " + code + " (good for 30 minutes). If you did not ask for it, ignore this."}
	}
	err = s.adapterOf(ChannelKind(row.Kind))(ctx, &settings, &o)
	if err := s.remember(ctx, row.ID, err); err != nil {
		return Tested{}, err
	}
	if err != nil {
		t := network(err)
		return Tested{Trouble: told(t.code, t.detail)}, nil
	}
	return Tested{Sent: true, Code: code != ""}, nil
}

// meter bounds what an owner has sent by tests: nobody is flooded with codes.
func (s *Service) meter(ctx context.Context, tx bun.Tx, c *channelRow, now time.Time) error {
	if _, err := tx.NewDelete().Model((*codeRow)(nil)).Where("at <= ?", now.Add(-24*time.Hour).UnixNano()).Exec(ctx); err != nil {
		return wrap("count codes", err)
	}
	var rows []codeRow
	if err := tx.NewSelect().Model(&rows).Where("k.owner = ?", c.owner()).OrderExpr("k.at DESC").Scan(ctx); err != nil {
		return wrap("count codes", err)
	}
	wait := time.Duration(0)
	for _, r := range rows {
		if r.Channel == c.ID.String() {
			wait = max(wait, verifyPause-now.Sub(time.Unix(0, r.At)))
		}
	}
	if len(rows) >= verifyPerDay {
		wait = max(wait, time.Unix(0, rows[verifyPerDay-1].At).Add(24*time.Hour).Sub(now))
	}
	if wait > 0 {
		seconds := int((wait + time.Second - 1) / time.Second)
		return ErrSoon.With("seconds", seconds).Header("Retry-After", strconv.Itoa(seconds))
	}
	_, err := tx.NewInsert().Model(&codeRow{Owner: c.owner(), Channel: c.ID.String(), At: now.UnixNano()}).Exec(ctx)
	return wrapNil("count codes", err)
}

// Verify takes the code of a test. Errors: ErrCode, ErrNoCode.
func (s *Service) Verify(ctx context.Context, id uuid.UUID, code string) (Channel, error) {
	row, scope, err := s.channel(ctx, id, auth.Configure)
	if err != nil {
		return Channel{}, err
	}
	var wrong error
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		wrong = nil
		if err := tx.NewSelect().Model(&row).WherePK().Scan(ctx); err != nil {
			return err
		}
		now := s.o.Now().UnixNano()
		if row.Code == "" || row.CodeLeft <= 0 || row.CodeUntil <= now {
			wrong = ErrNoCode
			return nil
		}
		if s.sealer.codeHash(row.ID.String(), strings.TrimSpace(code)) != row.Code {
			row.CodeLeft--
			wrong = ErrCode.At("body.code", "").With("left", row.CodeLeft)
			_, err := tx.NewUpdate().Model(&row).Column("code_left").WherePK().Exec(ctx)
			return err
		}
		row.Code, row.CodeLeft, row.Verified = "", 0, now
		if _, err := tx.NewUpdate().Model(&row).Column("code", "code_left", "verified").WherePK().Exec(ctx); err != nil {
			return err
		}
		return s.noteChannel(ctx, tx, scope, &row, "inbox.channel.verify", nil, nil)
	})
	if err == nil {
		err = wrong
	}
	if err != nil {
		return Channel{}, fmt.Errorf("verify a channel: %w", err)
	}
	return row.channel(), nil
}

// remember keeps on a channel how the last sending went.
func (s *Service) remember(ctx context.Context, channel uuid.UUID, failed error) error {
	q := s.o.DB.NewUpdate().Model((*channelRow)(nil)).Where("id = ?", channel)
	now := s.o.Now().UnixNano()
	if failed == nil {
		q = q.Set("trouble = ''").Set("detail = ''").Set("trouble_at = 0").Set("sent_at = ?", now)
	} else {
		t := network(failed)
		q = q.Set("trouble = ?", t.code).Set("detail = ?", t.detail).Set("trouble_at = ?", now)
	}
	_, err := q.Exec(ctx)
	return wrapNil("keep how it went", err)
}
