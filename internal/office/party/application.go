package party

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/text"
)

// State of an application.
type State string

// The states. Draft and Returned are the applicant's to fill in; the last three are ends.
const (
	Draft     State = "draft"
	Submitted State = "submitted"
	Returned  State = "returned"
	Approved  State = "approved"
	Refused   State = "refused"
	Withdrawn State = "withdrawn"
)

// Kind of an application.
type Kind string

// Join: an enterprise that is not here yet. Act: a mandate in one that is.
const (
	Join Kind = "join"
	Act  Kind = "act"
)

// Decision of whoever decides.
type Decision string

// The decisions.
const (
	Approve Decision = "approve"
	Return  Decision = "return"
	Refuse  Decision = "refuse"
)

var leadsTo = map[Decision]State{Approve: Approved, Return: Returned, Refuse: Refused}

// Application of a person.
type Application struct {
	ID        uuid.UUID
	Home      uuid.UUID // the organisation that decides
	Person    uuid.UUID
	Login     string // of the person, at the last step of theirs
	Name      string
	Kind      Kind
	Role      auth.Role // that the mandate is to give
	State     State
	Target    uuid.UUID // the organisation, once one is asked for or made
	Record    field.Record
	Letter    *Letter
	Revision  int64
	Created   int64
	At        int64
	Submitted int64 // last time; 0 for never
	By        audit.Actor
	Reason    string // of the last decision
}

// Letter of authorisation, as it was handed in.
type Letter struct {
	ID    string `json:"id"` // of the blob
	Name  string `json:"name"`
	Media string `json:"media"`
	Size  int64  `json:"size"`
}

// Size class of an enterprise with its reasons, as the wiring works it out.
type Size struct {
	Class   string      `json:"class"`
	Name    text.Text   `json:"name"`
	Missing []string    `json:"missing" nullable:"false" doc:"Figures without which it cannot be told: employees, revenue, assets, industry"`
	Reasons []text.Text `json:"reasons" nullable:"false" doc:"Indicator by indicator"`
}

func both(zh, en string) text.Text { return text.Text{Zh: zh, En: en} }

// fields of an application. None is required of a draft; needed lists what is for handing in.
var fields = field.Schema{
	{Key: "creditCode", Name: both("统一社会信用代码", "Unified social credit code"), Type: field.Text, MaxLength: 40, Format: "credit-code"},
	{Key: "name", Name: both("企业名称", "Name of the enterprise"), Type: field.Text, MinLength: 2, MaxLength: 120},
	{Key: "nameEn", Name: both("英文名称", "English name"), Type: field.Text, MaxLength: 120},
	{Key: "industry", Name: both("行业代码", "Industry code"), Type: field.Text, MaxLength: 5, Format: "industry"},
	{Key: "region", Name: both("行政区划", "Administrative division"), Type: field.Text, MaxLength: 6, Format: "division"},
	{Key: "figuresYear", Name: both("数据年度", "Year of the figures"), Type: field.Integer, Min: "2000", Max: "2199"},
	{Key: "employees", Name: both("从业人员", "Employees"), Type: field.Integer, Min: "0"},
	{Key: "revenue", Name: both("营业收入", "Revenue"), Type: field.Money, Min: "0"},
	{Key: "assets", Name: both("资产总额", "Total assets"), Type: field.Money, Min: "0"},
	{Key: "contact", Name: both("联系人", "Contact"), Type: field.Text, MaxLength: 60},
	{Key: "phone", Name: both("联系电话", "Telephone"), Type: field.Text, MaxLength: 30, Format: "phone"},
	{Key: "until", Name: both("授权至", "Authorised until"), Type: field.Date},
}

// needed for handing in, by kind.
var needed = map[Kind][]string{
	Join: {"creditCode", "name", "industry", "region", "employees", "revenue", "contact", "phone", "until"},
	Act:  {"creditCode", "name", "contact", "phone", "until"},
}

// MaxMandate is the longest that a mandate lasts, or is prolonged for, in days.
const MaxMandate = 3*365 + 1

const (
	minReason = 3
	maxReason = 1000
	maxOpen   = 5 // applications of a person that are under way
)

func (a *Application) word(key string) string { s, _ := a.Record[key].(string); return s }

func (a *Application) whole(key string) *int64 {
	if n, ok := a.Record[key].(int64); ok {
		return &n
	}
	return nil
}

// mine tells whether the applicant may fill in.
func (a *Application) mine() bool { return a.State == Draft || a.State == Returned }

// complete lists what is wanting for handing in.
func (a *Application) complete(now time.Time) (out []*problem.Error) {
	for _, key := range needed[a.Kind] {
		if a.Record[key] == nil {
			out = append(out, ErrMissing.At("body.content."+key, nil).With("name", fields.Field(key).Name))
		}
	}
	if a.Letter == nil {
		out = append(out, ErrMissing.At("body.letter", nil).With("name", both("授权书", "Letter of authorisation")))
	}
	if until := a.word("until"); until != "" {
		if _, wrong := endOf("body.content.until", until, now); wrong != nil {
			out = append(out, wrong)
		}
	}
	return out
}

// endOf is the instant at which a mandate ends whose last day is given.
func endOf(at, day string, now time.Time) (int64, *problem.Error) {
	end, ok := field.NextDay(day)
	if !ok || end <= now.UnixNano() || end > now.AddDate(0, 0, MaxMandate+1).UnixNano() {
		return 0, ErrUntil.At(at, day).With("days", MaxMandate)
	}
	return end, nil
}

func checkReason(reason string) (string, error) {
	reason = strings.TrimSpace(reason)
	if n := utf8.RuneCountInString(reason); n < minReason || n > maxReason || !utf8.ValidString(reason) {
		return "", ErrReason.At("body.reason", reason).With("min", minReason).With("max", maxReason)
	}
	return reason, nil
}

// letterMedia are the types that a letter may have.
var letterMedia = []string{"application/pdf", "application/ofd", "image/png", "image/jpeg"}

// MaxLetter bounds a letter, in bytes.
const MaxLetter = 10 << 20

func letterTaken(media string) bool { return slices.Contains(letterMedia, media) }
