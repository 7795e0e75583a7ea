package support

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/table"
	"jingwei/internal/kernel/text"
	"jingwei/internal/office/ledger"
)

// SupportFiling is a project that is filed for a measure.
type SupportFiling struct {
	ID      uuid.UUID       `json:"id" format:"uuid"`
	Org     uuid.UUID       `json:"org" format:"uuid" doc:"The enterprise"`
	OrgName text.Text       `json:"orgName,omitzero"`
	Keeper  uuid.UUID       `json:"keeper" format:"uuid" doc:"To whom it is filed"`
	Measure string          `json:"measure"`
	Name    string          `json:"name" doc:"Of the project"`
	Day     string          `json:"day"`
	Outcome json.RawMessage `json:"outcome,omitempty" doc:"What the measure gave at filing, with its explanation"`
	Packs   string          `json:"packs,omitempty"`
	State   string          `json:"state" enum:"open,awarded,refused,withdrawn"`
	Why     string          `json:"why,omitempty"`
	At      time.Time       `json:"at"`
	Through *SupportThrough `json:"through,omitempty" doc:"The application to a call by which it was filed; it is handled there"`
}

// SupportThrough is the application to a call for projects by which something was filed or awarded.
type SupportThrough struct {
	Application uuid.UUID `json:"application" format:"uuid"`
	Call        text.Text `json:"call"`
}

func throughView(t Through) *SupportThrough {
	if t.here() {
		return nil
	}
	return &SupportThrough{t.Application, t.Call}
}

func (s *Service) filingView(ctx context.Context, f *Filing) SupportFiling {
	return SupportFiling{f.ID, f.Org, s.nameOf(ctx, f.Org), f.Keeper, f.Measure, f.Name, f.Day, f.Outcome, f.Packs, f.State, f.Why, time.Unix(0, f.At).UTC(), throughView(f.Through)}
}

// nameOf is an organisation's name; the two sides of a filing or voucher know each other's.
func (s *Service) nameOf(ctx context.Context, org uuid.UUID) text.Text {
	if org == uuid.Nil || s.o.NameOf == nil {
		return text.Text{}
	}
	name, err := s.o.NameOf(ctx, org)
	if err != nil {
		return text.Text{}
	}
	return name
}

// SupportAward is support that was granted.
type SupportAward struct {
	ID      uuid.UUID `json:"id" format:"uuid"`
	Org     uuid.UUID `json:"org" format:"uuid"`
	OrgName text.Text `json:"orgName,omitzero"`
	Keeper  uuid.UUID `json:"keeper" format:"uuid"`
	Measure string    `json:"measure"`
	Name    string    `json:"name"`
	Day     string    `json:"day"`
	Amount  int64     `json:"amount" doc:"Fen"`
	Ref     string    `json:"ref,omitempty" doc:"Of the commitment in the keeper's book"`
	Why     string    `json:"why,omitempty"`
	At      time.Time `json:"at"`

	Through *SupportThrough `json:"through,omitempty" doc:"The application to a call by which it was made"`
	Ended   string          `json:"ended,omitempty" doc:"Why it no longer counts as paid"`
}

func (s *Service) awardView(ctx context.Context, a *Award) SupportAward {
	return SupportAward{a.ID, a.Org, s.nameOf(ctx, a.Org), a.Keeper, a.Measure, a.Name, a.Day, a.Amount, a.Ref, a.Why, time.Unix(0, a.At).UTC(), throughView(a.Through), a.Ended}
}

// SupportRecovery is a claim on support that was paid.
type SupportRecovery struct {
	ID        uuid.UUID `json:"id" format:"uuid"`
	Award     uuid.UUID `json:"award" format:"uuid"`
	Org       uuid.UUID `json:"org" format:"uuid"`
	OrgName   text.Text `json:"orgName,omitzero"`
	Keeper    uuid.UUID `json:"keeper" format:"uuid"`
	Cause     string    `json:"cause"`
	Clause    string    `json:"clause" doc:"On which it rests"`
	Why       string    `json:"why"`
	Amount    int64     `json:"amount" doc:"Fen"`
	Received  int64     `json:"received"`
	State     string    `json:"state" enum:"claimed,objected,upheld,withdrawn,received"`
	Objection string    `json:"objection,omitempty"`
	Decision  string    `json:"decision,omitempty"`
	Until     string    `json:"until" doc:"Last day of objection"`
	At        time.Time `json:"at"`
}

func (s *Service) recoveryView(ctx context.Context, r *Recovery) SupportRecovery {
	return SupportRecovery{r.ID, r.Award, r.Org, s.nameOf(ctx, r.Org), r.Keeper, r.Cause, r.Clause, r.Why, r.Amount, r.Received, r.State, r.Objection, r.Decision, r.Until, time.Unix(0, r.At).UTC()}
}

// page lists things with the view of each.
func page[T, V any](items []T, next string, err error, view func(*T) V) (*api.List[V], error) {
	if err != nil {
		return nil, err
	}
	return api.Listed(store.All(items, view), next), nil
}

// SupportReason is why something is done.
type SupportReason struct {
	Why string `json:"why" maxLength:"2000"`
}

type ofPage struct {
	OfParty
	api.Paging
}

func (s *Service) filingRoutes(a *api.Server) {
	api.Register(a, tag.Operation(http.MethodGet, "listFilings", "/support/filings", "Filings of an enterprise, or those that an organisation was given, the newest first"),
		func(ctx context.Context, in *ofPage) (*api.List[SupportFiling], error) {
			items, next, err := s.Filings(ctx, in.Org, in.Page())
			return page(items, next, err, func(f *Filing) SupportFiling { return s.filingView(ctx, f) })
		})
	type file struct {
		api.ByID
		Body struct {
			Measure string     `json:"measure" maxLength:"100"`
			Keeper  *uuid.UUID `json:"keeper,omitempty" format:"uuid" doc:"To whom; the organisation that runs the node where it is left out"`
		}
	}
	api.Register(a, api.Created(tag.Operation(http.MethodPost, "fileProject", "/support/inquiries/{id}/filings", "File the project for a measure; a second filing of it is refused")),
		func(ctx context.Context, in *file) (*struct{ Body SupportFiling }, error) {
			f, err := s.File(ctx, in.ID, in.Body.Measure, api.OrNil(in.Body.Keeper))
			if err != nil {
				return nil, err
			}
			return &struct{ Body SupportFiling }{s.filingView(ctx, &f)}, nil
		})
	type end struct {
		api.ByID
		Body SupportReason
	}
	api.Register(a, tag.Operation(http.MethodPost, "withdrawFiling", "/support/filings/{id}/withdrawal", "Take a filing back"),
		func(ctx context.Context, in *end) (*struct{}, error) {
			return &struct{}{}, s.Withdraw(ctx, in.ID, in.Body.Why)
		})
	api.Register(a, tag.Operation(http.MethodPost, "refuseFiling", "/support/filings/{id}/refusal", "Refuse a filing"),
		func(ctx context.Context, in *end) (*struct{}, error) {
			return &struct{}{}, s.Refuse(ctx, in.ID, in.Body.Why)
		})
	type grant struct {
		api.ByID
		Body struct {
			Fund   string `json:"fund" maxLength:"60"`
			Year   int    `json:"year"`
			Amount int64  `json:"amount" doc:"Fen; at most what the measure gives"`
			Why    string `json:"why" maxLength:"2000"`
		}
	}
	api.Register(a, api.Created(tag.Operation(http.MethodPost, "grantFiling", "/support/filings/{id}/award", "Award a filing: the amount is committed in the book")),
		func(ctx context.Context, in *grant) (*struct{ Body SupportAward }, error) {
			w, err := s.Grant(ctx, in.ID, in.Body.Fund, in.Body.Year, in.Body.Amount, in.Body.Why)
			if err != nil {
				return nil, err
			}
			return &struct{ Body SupportAward }{s.awardView(ctx, &w)}, nil
		})
	api.Register(a, tag.Operation(http.MethodGet, "listAwards", "/support/awards", "Awards of an enterprise, or those that an organisation made, the newest first"),
		func(ctx context.Context, in *ofPage) (*api.List[SupportAward], error) {
			items, next, err := s.Awards(ctx, in.Org, in.Page())
			return page(items, next, err, func(w *Award) SupportAward { return s.awardView(ctx, w) })
		})
	api.Register(a, tag.Operation(http.MethodGet, "listRecoveryCauses", "/support/recovery-causes", "Reasons for which support is claimed back"),
		func(ctx context.Context, _ *struct{}) (*api.List[SupportCause], error) {
			if _, err := auth.Need(ctx); err != nil {
				return nil, err
			}
			return api.Listed(s.Causes(), ""), nil
		})
	type claim struct {
		api.ByID
		Body struct {
			Cause  string `json:"cause" maxLength:"60"`
			Clause string `json:"clause" maxLength:"2000" doc:"On which the claim rests, with its document"`
			Why    string `json:"why" maxLength:"2000"`
			Amount int64  `json:"amount,omitempty" doc:"Fen; may be left out where the cause claims all"`
		}
	}
	one := func(ctx context.Context, r Recovery, err error) (*struct{ Body SupportRecovery }, error) {
		if err != nil {
			return nil, err
		}
		return &struct{ Body SupportRecovery }{s.recoveryView(ctx, &r)}, nil
	}
	api.Register(a, api.Created(tag.Operation(http.MethodPost, "claimBack", "/support/awards/{id}/recoveries", "Claim back what was paid of an award")),
		func(ctx context.Context, in *claim) (*struct{ Body SupportRecovery }, error) {
			r, err := s.ClaimBack(ctx, in.ID, in.Body.Cause, in.Body.Clause, in.Body.Why, in.Body.Amount)
			return one(ctx, r, err)
		})
	api.Register(a, tag.Operation(http.MethodGet, "listRecoveries", "/support/recoveries", "Claims on an enterprise, or those of an organisation, the newest first"),
		func(ctx context.Context, in *ofPage) (*api.List[SupportRecovery], error) {
			items, next, err := s.Recoveries(ctx, in.Org, in.Page())
			return page(items, next, err, func(r *Recovery) SupportRecovery { return s.recoveryView(ctx, r) })
		})
	api.Register(a, tag.Operation(http.MethodPost, "objectRecovery", "/support/recoveries/{id}/objection", "Object to a claim"),
		func(ctx context.Context, in *end) (*struct{ Body SupportRecovery }, error) {
			r, err := s.Object(ctx, in.ID, in.Body.Why)
			return one(ctx, r, err)
		})
	type decide struct {
		api.ByID
		Body struct {
			Upheld bool   `json:"upheld" doc:"The claim stands"`
			Why    string `json:"why" maxLength:"2000"`
		}
	}
	api.Register(a, tag.Operation(http.MethodPost, "decideRecovery", "/support/recoveries/{id}/decision", "Decide on an objection"),
		func(ctx context.Context, in *decide) (*struct{ Body SupportRecovery }, error) {
			r, err := s.Decide(ctx, in.ID, in.Body.Upheld, in.Body.Why)
			return one(ctx, r, err)
		})
	type receive struct {
		api.ByID
		Body SupportPayment
	}
	api.Register(a, tag.Operation(http.MethodPost, "receiveRecovery", "/support/recoveries/{id}/receipt", "Enter that a claim was paid"),
		func(ctx context.Context, in *receive) (*struct{ Body SupportRecovery }, error) {
			r, err := s.Receive(ctx, in.ID, in.Body.Payment, in.Body.On)
			return one(ctx, r, err)
		})
}

// SupportPayment names a payment as the bank statement will know it.
type SupportPayment struct {
	Payment string `json:"payment" maxLength:"120"`
	On      string `json:"on" format:"date"`
}

// SupportVoucher is a voucher.
type SupportVoucher struct {
	ID           uuid.UUID  `json:"id" format:"uuid"`
	Number       string     `json:"number"`
	Keeper       uuid.UUID  `json:"keeper" format:"uuid"`
	KeeperName   text.Text  `json:"keeperName,omitzero"`
	Holder       uuid.UUID  `json:"holder" format:"uuid"`
	HolderName   text.Text  `json:"holderName,omitzero"`
	Provider     *uuid.UUID `json:"provider,omitempty" format:"uuid"`
	ProviderName text.Text  `json:"providerName,omitzero"`
	Fund         string     `json:"fund"`
	Year         int        `json:"year"`
	Amount       int64      `json:"amount" doc:"Fen"`
	Purpose      string     `json:"purpose"`
	Issued       string     `json:"issued"`
	Expires      string     `json:"expires" doc:"Last day on which it can be spent"`
	State        string     `json:"state" enum:"held,spent,delivered,confirmed,redeemed,expired"`
	Contract     string     `json:"contract,omitempty"`
	Delivery     string     `json:"delivery,omitempty" doc:"What the provider says"`
	Reply        string     `json:"reply,omitempty" doc:"What the holder says"`
	Payment      string     `json:"payment,omitempty"`
}

func (s *Service) voucherView(ctx context.Context, v *Voucher) SupportVoucher {
	w := SupportVoucher{ID: v.ID, Number: v.Number, Keeper: v.Keeper, KeeperName: s.nameOf(ctx, v.Keeper), Holder: v.Holder, HolderName: s.nameOf(ctx, v.Holder), ProviderName: s.nameOf(ctx, v.Provider),
		Fund: v.Fund, Year: v.Year, Amount: v.Amount, Purpose: v.Purpose, Issued: v.Issued, Expires: v.Expires, State: v.State, Contract: v.Contract, Delivery: v.Delivery, Reply: v.Reply, Payment: v.Payment}
	if v.Provider != uuid.Nil {
		w.Provider = &v.Provider
	}
	return w
}

// SupportVoucherSum holds the vouchers of a keeper, to be held against its book.
type SupportVoucherSum struct {
	Held     int64 `json:"held" doc:"Fen"`
	Spent    int64 `json:"spent" doc:"Fen; also what is delivered and confirmed"`
	Redeemed int64 `json:"redeemed" doc:"Fen"`
	Count    int   `json:"count"`
}

func (s *Service) voucherRoutes(a *api.Server) {
	one := func(ctx context.Context, v Voucher, err error) (*struct{ Body SupportVoucher }, error) {
		if err != nil {
			return nil, err
		}
		return &struct{ Body SupportVoucher }{s.voucherView(ctx, &v)}, nil
	}
	api.Register(a, tag.Operation(http.MethodGet, "listVouchers", "/support/vouchers", "Vouchers that an organisation issued, holds, or was paid with, the newest first"),
		func(ctx context.Context, in *ofPage) (*api.List[SupportVoucher], error) {
			items, next, err := s.Vouchers(ctx, in.Org, in.Page())
			return page(items, next, err, func(v *Voucher) SupportVoucher { return s.voucherView(ctx, v) })
		})
	type issue struct {
		Body struct {
			Keeper  uuid.UUID `json:"keeper" format:"uuid"`
			Holder  uuid.UUID `json:"holder" format:"uuid" doc:"An enterprise of the register"`
			Fund    string    `json:"fund" maxLength:"60"`
			Year    int       `json:"year"`
			Amount  int64     `json:"amount" doc:"Fen"`
			Purpose string    `json:"purpose" maxLength:"2000"`
			Expires string    `json:"expires" format:"date"`
		}
	}
	api.Register(a, api.Created(tag.Operation(http.MethodPost, "issueVoucher", "/support/vouchers", "Give a voucher to an enterprise; its amount is committed")),
		func(ctx context.Context, in *issue) (*struct{ Body SupportVoucher }, error) {
			b := &in.Body
			v, err := s.Issue(ctx, Voucher{Keeper: b.Keeper, Holder: b.Holder, Fund: b.Fund, Year: b.Year, Amount: b.Amount, Purpose: b.Purpose, Expires: b.Expires})
			return one(ctx, v, err)
		})
	type spend struct {
		api.ByID
		Body struct {
			Provider uuid.UUID `json:"provider" format:"uuid"`
			Contract string    `json:"contract" maxLength:"2000" doc:"Its number, and what it is about"`
		}
	}
	api.Register(a, tag.Operation(http.MethodPost, "spendVoucher", "/support/vouchers/{id}/spending", "Spend a voucher with a listed provider"),
		func(ctx context.Context, in *spend) (*struct{ Body SupportVoucher }, error) {
			v, err := s.Spend(ctx, in.ID, in.Body.Provider, in.Body.Contract)
			return one(ctx, v, err)
		})
	type words struct {
		api.ByID
		Body struct {
			What string `json:"what" maxLength:"2000"`
		}
	}
	api.Register(a, tag.Operation(http.MethodPost, "deliverVoucher", "/support/vouchers/{id}/delivery", "Say that the service was rendered"),
		func(ctx context.Context, in *words) (*struct{ Body SupportVoucher }, error) {
			v, err := s.Deliver(ctx, in.ID, in.Body.What)
			return one(ctx, v, err)
		})
	type confirm struct {
		api.ByID
		Body struct {
			Good bool   `json:"good" doc:"It was; else the voucher is held again"`
			What string `json:"what" maxLength:"2000"`
		}
	}
	api.Register(a, tag.Operation(http.MethodPost, "confirmVoucher", "/support/vouchers/{id}/confirmation", "Say whether the service was rendered"),
		func(ctx context.Context, in *confirm) (*struct{ Body SupportVoucher }, error) {
			v, err := s.Confirm(ctx, in.ID, in.Body.Good, in.Body.What)
			return one(ctx, v, err)
		})
	type redeem struct {
		api.ByID
		Body SupportPayment
	}
	api.Register(a, tag.Operation(http.MethodPost, "redeemVoucher", "/support/vouchers/{id}/redemption", "Pay the provider for a voucher that both sides have confirmed"),
		func(ctx context.Context, in *redeem) (*struct{ Body SupportVoucher }, error) {
			v, err := s.Redeem(ctx, in.ID, in.Body.Payment, in.Body.On)
			return one(ctx, v, err)
		})
	api.Register(a, tag.Operation(http.MethodGet, "sumVouchers", "/support/voucher-sums", "Vouchers that an organisation issued, added up by state"),
		func(ctx context.Context, in *OfParty) (*struct{ Body SupportVoucherSum }, error) {
			r, err := s.Reconcile(ctx, in.Org)
			if err != nil {
				return nil, err
			}
			return &struct{ Body SupportVoucherSum }{SupportVoucherSum(r)}, nil
		})
	api.Register(a, tag.Operation(http.MethodGet, "listVoucherProviders", "/support/providers", "Providers with whom vouchers can be spent"),
		func(ctx context.Context, _ *struct{}) (*api.List[SupportParty], error) {
			if _, err := auth.Need(ctx); err != nil {
				return nil, err
			}
			list, err := s.o.Providers.List(ctx, s.today())
			if err != nil {
				return nil, err
			}
			return api.Listed(list, ""), nil
		})
}

// SupportDraft is a measure that is not in force.
type SupportDraft struct {
	ID      uuid.UUID `json:"id" format:"uuid"`
	Measure string    `json:"measure"`
	Name    string    `json:"name"`
	SHA256  string    `json:"sha256"`
	YAML    string    `json:"yaml"`
	At      time.Time `json:"at"`
}

func draftView(d *Draft) SupportDraft {
	return SupportDraft{d.ID, d.Measure, d.Name, d.SHA256, d.Body, time.Unix(0, d.At).UTC()}
}

// SupportLab is a run of the policy lab.
type SupportLab struct {
	ID      uuid.UUID       `json:"id" format:"uuid"`
	Org     uuid.UUID       `json:"org" format:"uuid"`
	Job     string          `json:"job,omitempty"`
	Run     SupportLabRun   `json:"run"`
	Finding json.RawMessage `json:"finding,omitempty" doc:"Absent until it has run. Amounts are whole fen as text"`
	Done    int64           `json:"done"`
	Total   int64           `json:"total"`
	Status  string          `json:"status"`
	At      time.Time       `json:"at"`
}

func (s *Service) labView(ctx context.Context, l *Lab) SupportLab {
	v := SupportLab{ID: l.ID, Org: l.Org, Job: l.Job, Run: l.Run, Status: "queued", At: time.Unix(0, l.At).UTC()}
	if l.Finding != nil {
		v.Finding, v.Status = canonical(l.Finding), "done"
		return v
	}
	if id, err := uuid.Parse(l.Job); err == nil && s.o.Jobs != nil {
		if j, err := s.o.Jobs().Get(ctx, auth.System(l.Org), id); err == nil {
			v.Done, v.Total, v.Status = j.Done, j.Total, string(j.Status)
		}
	}
	return v
}

// SupportLabRequest asks for a run.
type SupportLabRequest struct {
	Org        uuid.UUID        `json:"org" format:"uuid"`
	Drafts     []uuid.UUID      `json:"drafts" minItems:"1" maxItems:"50" nullable:"false"`
	Region     string           `json:"region,omitempty" maxLength:"6" doc:"Measures and firms of a region; all where it is left out"`
	Day        string           `json:"day,omitempty" doc:"Of filing; today where it is left out"`
	By         string           `json:"by,omitempty" enum:"size,industry,region" default:"size"`
	Instrument string           `json:"instrument,omitempty" maxLength:"30" doc:"grant where it is left out"`
	Proven     bool             `json:"proven,omitempty" doc:"Count only what is evidenced"`
	Generated  int              `json:"generated,omitempty" minimum:"0" maximum:"100000" doc:"Claims that are made up beside the firms of the register"`
	Seed       uint64           `json:"seed,omitempty"`
	BudgetA    map[string]int64 `json:"budgetA,omitempty" doc:"Fen by budget line"`
	BudgetB    map[string]int64 `json:"budgetB,omitempty"`
}

func (s *Service) labRoutes(a *api.Server) {
	api.Register(a, tag.Operation(http.MethodGet, "listDrafts", "/support/drafts", "Measures that an organisation has drafted, the newest first"),
		func(ctx context.Context, in *ofPage) (*api.List[SupportDraft], error) {
			items, next, err := s.Drafts(ctx, in.Org, in.Page())
			return page(items, next, err, draftView)
		})
	type draft struct {
		Body struct {
			Org  uuid.UUID `json:"org" format:"uuid"`
			YAML string    `json:"yaml" doc:"A measure: an edited copy of one, or a new one"`
		}
	}
	op := api.Created(tag.Operation(http.MethodPost, "addDraft", "/support/drafts", "Check a draft and keep it"))
	op.Description = "What is wrong is told with line, place and mend: a rate above one, brackets that overlap, an unknown field."
	api.Register(a, op, func(ctx context.Context, in *draft) (*struct{ Body SupportDraft }, error) {
		d, err := s.AddDraft(ctx, in.Body.Org, in.Body.YAML)
		if err != nil {
			return nil, err
		}
		return &struct{ Body SupportDraft }{draftView(&d)}, nil
	})
	api.Register(a, tag.Operation(http.MethodGet, "listLabs", "/support/labs", "Runs of the policy lab, the newest first"),
		func(ctx context.Context, in *ofPage) (*api.List[SupportLab], error) {
			items, next, err := s.Labs(ctx, in.Org, in.Page())
			return page(items, next, err, func(l *Lab) SupportLab { return s.labView(ctx, l) })
		})
	type run struct{ Body SupportLabRequest }
	api.Register(a, api.Created(tag.Operation(http.MethodPost, "runLab", "/support/labs", "Run the measures in force against drafts")),
		func(ctx context.Context, in *run) (*struct{ Body SupportLab }, error) {
			l, err := s.Start(ctx, SupportLabRun(in.Body))
			if err != nil {
				return nil, err
			}
			return &struct{ Body SupportLab }{s.labView(ctx, &l)}, nil
		})
	api.Register(a, tag.Operation(http.MethodGet, "getLab", "/support/labs/{id}", "A run of the policy lab"),
		func(ctx context.Context, in *api.ByID) (*struct{ Body SupportLab }, error) {
			l, err := s.Lab(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return &struct{ Body SupportLab }{s.labView(ctx, &l)}, nil
		})
	type export struct {
		api.ByID
		ledger.CallerLanguage
		Format string `query:"format" enum:"xlsx,csv" default:"xlsx"`
	}
	api.Register(a, ledger.Exports(tag.Operation(http.MethodGet, "exportLab", "/support/labs/{id}/export", "The finding of a run as a file")), func(ctx context.Context, in *export) (*ledger.TableFile, error) {
		f := table.Format(in.Format)
		data, err := s.Export(ctx, in.ID, f, in.Language() == "zh")
		return ledger.NewTableFile("policy-lab-"+in.ID.String(), f, data, err)
	})
}
