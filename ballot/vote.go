package ballot

import (
	"fmt"
	"io"
	"slices"
)

// Vote is the answer to one question. It is secret: it prints as "Vote(redacted)".
type Vote struct {
	kind    voteKind
	options []OptionID
}

type voteKind uint8

const (
	voteNone voteKind = iota
	voteChoose
	voteBlank
	voteApprove
)

// Choose marks options of a question whose rule is RuleChoose.
func Choose(options ...OptionID) Vote { return Vote{voteChoose, slices.Clone(options)} }

// Blank is the blank vote, where the question's rule has one.
func Blank() Vote { return Vote{kind: voteBlank} }

// Approve marks options of a question whose rule is RuleApproval.
func Approve(options ...OptionID) Vote { return Vote{voteApprove, slices.Clone(options)} }

// Options returns the options marked, of a vote read from an Opening in the manifest's order.
func (v Vote) Options() []OptionID { return slices.Clone(v.options) }

// IsBlank reports a blank vote.
func (v Vote) IsBlank() bool { return v.kind == voteBlank }

const redactedVote = "Vote(redacted)"

func (v Vote) String() string   { return redactedVote }
func (v Vote) GoString() string { return redactedVote }

// Format writes "Vote(redacted)" whatever the verb.
func (v Vote) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redactedVote) }
