package ledger

import (
	"embed"

	"jingwei/internal/kernel/api/problem"
)

//go:embed texts/*.yaml
var texts embed.FS

// What a caller may act on.
var (
	ErrBudget     = problem.Define("ledger-budget", 409)     // fund, year, free, asked
	ErrFund       = problem.Define("ledger-fund", 404)       // funds
	ErrFundID     = problem.Define("ledger-fund-id", 422)    //
	ErrFundTaken  = problem.Define("ledger-fund-taken", 409) //
	ErrYear       = problem.Define("ledger-year", 422)       //
	ErrAmount     = problem.Define("ledger-amount", 422)     // max
	ErrDay        = problem.Define("ledger-day", 422)        //
	ErrRef        = problem.Define("ledger-ref", 422)        // max
	ErrReason     = problem.Define("ledger-reason", 422)     // min, max
	ErrName       = problem.Define("ledger-name", 422)       // reason
	ErrDiffers    = problem.Define("ledger-differs", 409)    // what
	ErrCommitment = problem.Define("ledger-commitment", 404) //
	ErrOver       = problem.Define("ledger-over", 409)       // left, asked, ref
	ErrClaim      = problem.Define("ledger-claim", 409)      // left, asked, ref
	ErrRecovery   = problem.Define("ledger-recovery", 422)   //
	ErrUnbalanced = problem.Define("ledger-unbalanced", 422) // debit, credit
	ErrAccount    = problem.Define("ledger-account", 422)    // accounts
	ErrFloor      = problem.Define("ledger-floor", 409)      // balance, account
	ErrReversed   = problem.Define("ledger-reversed", 409)   // by
	ErrReversal   = problem.Define("ledger-reversal", 409)   // act
	ErrSettled    = problem.Define("ledger-settled", 409)    //
	ErrFile       = problem.Define("ledger-file", 422)       // reason
	ErrTwice      = problem.Define("ledger-statement-twice", 409)
	ErrMatch      = problem.Define("ledger-match", 409) // reason
)

func problems() []*problem.Kind {
	return []*problem.Kind{ErrBudget, ErrFund, ErrFundID, ErrFundTaken, ErrYear, ErrAmount, ErrDay, ErrRef, ErrReason, ErrName, ErrDiffers, ErrCommitment, ErrOver, ErrClaim,
		ErrRecovery, ErrUnbalanced, ErrAccount, ErrFloor, ErrReversed, ErrReversal, ErrSettled, ErrFile, ErrTwice, ErrMatch}
}
