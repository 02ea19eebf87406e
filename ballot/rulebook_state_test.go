package ballot

import (
	"bytes"
	"encoding/binary"
	"go/parser"
	"go/token"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/proof"
)

// stateOf is the state of a rule-book of three voters, one of whom voted twice.
func stateOf(t testing.TB, m *Manifest) (*Rulebook, []byte) {
	t.Helper()
	r := NewRulebook(m)
	for i, b := range []*Ballot{stub(m, 3, 1, 0, 0, 0), stub(m, 1, 1, 0, 0, 0), stub(m, 2, 1, 0, 0, 0), stub(m, 3, 1, 0, 1, 0)} {
		_, _, err := r.Apply(b, uint64(i))
		require.NoError(t, err)
	}
	state, err := r.MarshalBinary()
	require.NoError(t, err)
	return r, state
}

func TestRulebookStateGoesRound(t *testing.T) {
	m := newElection(t).m
	r, state := stateOf(t, m)
	require.Len(t, state, 41+3*108)
	again := NewRulebook(m)
	require.NoError(t, again.UnmarshalBinary(state))
	require.Equal(t, r, again)
	require.Error(t, again.Check(stub(m, 3, 1, 0, 1, 1)), "it knows who voted")
	require.NoError(t, again.Check(stub(m, 3, 1, 0, 2, 0)))
	empty, err := NewRulebook(m).MarshalBinary()
	require.NoError(t, err)
	require.NoError(t, again.UnmarshalBinary(empty))
	require.Zero(t, again.Voters(), "the state is replaced")
}

func TestRejectsRulebookStatesOfAnotherForm(t *testing.T) {
	m := newElection(t).m
	r, state := stateOf(t, m)
	rejects := func(b []byte, kind error) {
		t.Helper()
		require.ErrorIs(t, r.UnmarshalBinary(b), kind)
		unchanged, err := r.MarshalBinary()
		require.NoError(t, err)
		require.Equal(t, state, unchanged, "it changed on error")
	}
	for n := range state {
		rejects(state[:n], ErrMalformed)
	}
	for n := 1; n <= 200; n++ {
		rejects(append(bytes.Clone(state), make([]byte, n)...), ErrMalformed)
	}
	edit := func(at int, b ...byte) []byte {
		out := bytes.Clone(state)
		copy(out[at:], b)
		return out
	}
	const first, second = 41, 41 + 108
	rejects(edit(0, 2), ErrMalformed)
	rejects(edit(1, ^state[1]), ErrUnknownElection)
	rejects(edit(33, 0xff), ErrMalformed) // 2^63 voters and more
	rejects(edit(40, 2), ErrMalformed)
	rejects(edit(second, state[first:first+32]...), ErrMalformed)                        // the same voter twice
	rejects(edit(first, state[second:second+108]...), ErrMalformed)                      // not in order
	rejects(edit(first+104, binary.BigEndian.AppendUint32(nil, 1<<31)...), ErrMalformed) // beyond the limit
	foreign := NewRulebook(newElection(t).m)
	require.ErrorIs(t, foreign.UnmarshalBinary(state), ErrUnknownElection)
}

func FuzzRulebookState(f *testing.F) {
	m := newElection(f).m
	_, state := stateOf(f, m)
	f.Add(state)
	f.Add(state[:41])
	f.Fuzz(func(t *testing.T, b []byte) {
		r := NewRulebook(m)
		if err := r.UnmarshalBinary(b); err != nil {
			require.Zero(t, r.Voters())
			return
		}
		again, err := r.MarshalBinary()
		require.NoError(t, err)
		require.Equal(t, b, again)
		for range r.Counted() {
		}
	})
}

// The rule-book is a function of the ballots and their order: its source has no clock, no
// files, no chance and no other machine to ask.
func TestRulebookIsPure(t *testing.T) {
	allowed := map[string]bool{"bytes": true, "cmp": true, "crypto/sha256": true, "encoding/binary": true, "fmt": true, "iter": true, "slices": true,
		"github.com/scrutin/scrutin/internal/wire": true, "github.com/scrutin/scrutin/proof": true}
	for _, name := range []string{"rulebook.go", "rulebook_state.go"} {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		require.NoError(t, err)
		for _, i := range f.Imports {
			path, err := strconv.Unquote(i.Path.Value)
			require.NoError(t, err)
			require.True(t, allowed[path], "%s imports %s", name, path)
		}
	}

	// The same order, the same answers and the same state, however often.
	m := newElection(t).m
	_, state := stateOf(t, m)
	for range 20 {
		r, again := stateOf(t, m)
		require.Equal(t, state, again)
		var order []proof.Nullifier
		for n := range r.Counted() {
			order = append(order, n)
		}
		require.Equal(t, []proof.Nullifier{{31: 1}, {31: 2}, {31: 3}}, order)
	}
}
