package box

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/internal/electiontest"
)

// What is wrong with the file of a receipt is said before anything else is looked at.
func TestReceiptErrorsSayWhatIsWrong(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	signed := string(s.signNote(t, fmt.Sprintf("%s\n7\n%s\n", origin(s.Manifest), someRoot)))
	const header = "c2sp.org/tlog-proof@v1\n"
	for name, c := range map[string]struct{ text, want string }{
		"no empty line":     {header + "index 0\n", "no checkpoint after an empty line"},
		"a head of 4097":    {header + "index 0\n" + strings.Repeat("a", 4097) + "\n\n" + signed, "no checkpoint after an empty line"},
		"another file":      {"c2sp.org/tlog-proof@v2\nindex 0\n\n" + signed, "the first line"},
		"number alone":      {header + "0\n\n" + signed, "the second line"},
		"no decimal number": {header + "index x\n\n" + signed, `"x" is no decimal number`},
		"49 hashes":         {header + "index 0\n" + strings.Repeat(someRoot+"\n", 49) + "\n" + signed, "49 hashes, at most 48 allowed"},
		"hash cut":          {header + "index 0\n" + someRoot[:40] + "\n\n" + signed, "no hash in base64"},
	} {
		_, err := ParseReceipt(s.Manifest, []byte(c.text))
		require.ErrorIs(t, err, ballot.ErrMalformed, name)
		require.ErrorContains(t, err, c.want, name)
	}
}

func TestCheckpointErrorsSayWhatIsWrong(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	o := origin(s.Manifest)
	signed := s.signNote(t, fmt.Sprintf("%s\n7\n%s\n", o, someRoot))
	_, err := ParseCheckpoint(s.Manifest, append(bytes.Clone(signed), make([]byte, maxNoteBytes)...))
	require.ErrorContains(t, err, fmt.Sprintf("at most %d allowed", maxNoteBytes))
	for text, want := range map[string]string{
		o + "\n7\n" + someRoot:             "3 or 4 wanted", // the last line does not end
		o + "\n\n" + someRoot + "\n":       `"" is no decimal number`,
		o + "\n7 \n" + someRoot + "\n":     "no decimal number",
		o + "\n7\n" + "!" + "\n":           "no hash in base64",
		o + "\n7\n" + someRoot + "\nend\n": "unknown extension line",
		o + "\n0\n" + someRoot + "\n":      "the root of no ballots",
	} {
		_, err := parseHead(text)
		require.ErrorIs(t, err, ballot.ErrMalformed, "%q", text)
		require.ErrorContains(t, err, want, "%q", text)
	}
}

func TestRefusalDigestErrors(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	for _, digest := range []string{"", "zz", strings.Repeat("ab", 31), strings.Repeat("ab", 33), strings.Repeat("AB", 32), strings.Repeat("ab", 32) + "zz"} {
		_, err := VerifyRefusal(s.Manifest, s.signNote(t, fmt.Sprintf("%s\nrefused\n%s\nsequence: x\n", origin(s.Manifest), digest)))
		require.ErrorIs(t, err, ballot.ErrMalformed, digest)
		require.ErrorContains(t, err, "no digest in hexadecimal", digest)
	}
	_, err := VerifyRefusal(s.Manifest, []byte("no note"))
	require.ErrorContains(t, err, "malformed note", "what is no signed note is not read on")
}

// A key of another type, length, hash or value is refused for what it is; a name that does not fit, for its name.
func TestWitnessKeyErrorsSayWhatIsWrong(t *testing.T) {
	skey, vkey, err := GenerateWitnessKey(witnessName)
	require.NoError(t, err)
	good, err := ParseWitnessKey(vkey)
	require.NoError(t, err)
	as := func(kind byte, key []byte) string {
		return fmt.Sprintf("%s+%08x+%s", witnessName, good.KeyHash(), base64.StdEncoding.EncodeToString(append([]byte{kind}, key...)))
	}
	noPoint := append([]byte{2}, make([]byte, 31)...) // no x for y = 2
	for name, c := range map[string]struct{ vkey, want string }{
		"empty":          {"", "not name+hash+key"},
		"name":           {"a b+" + strings.SplitN(vkey, "+", 2)[1], "the name"},
		"too long":       {witnessName + "+00000000+" + strings.Repeat("A", 400), "not name+hash+key"},
		"no base64":      {witnessName + "+00000000+!", "not an Ed25519 cosignature key"},
		"more base64":    {vkey + "!", "not an Ed25519 cosignature key"},
		"key too short":  {as(cosignatureType, good.key[:31]), "not an Ed25519 cosignature key"},
		"plain Ed25519":  {as(1, good.key), "not an Ed25519 cosignature key"},
		"not a point":    {(&WitnessKey{witnessName, noPoint}).String(), "no point"},
		"hash of others": {strings.Replace(vkey, fmt.Sprintf("%08x", good.KeyHash()), "00000000", 1), "another spelling or hash"},
	} {
		_, err := ParseWitnessKey(c.vkey)
		require.ErrorIs(t, err, ballot.ErrMalformed, name)
		require.ErrorContains(t, err, c.want, name)
	}
	reader := rand.Reader
	defer func() { rand.Reader = reader }()
	rand.Reader = iotest.ErrReader(errDisk)
	_, _, err = GenerateWitnessKey(witnessName)
	rand.Reader = reader
	require.ErrorIs(t, err, errDisk)
	_, err = newCosigner(strings.TrimPrefix(skey, witnessSecretPrefix))
	require.ErrorContains(t, err, "not a witness's secret key")
	_, err = newCosigner(strings.Replace(skey, fmt.Sprintf("%08x", good.KeyHash()), "00000000", 1))
	require.ErrorContains(t, err, "is not the key's")

	// A stranger sends signatures of any length.
	for _, n := range []int{0, 7, 8, cosignatureSize - 1, cosignatureSize + 1} {
		require.False(t, good.Verify([]byte("text"), make([]byte, n)))
	}
	signer, err := newCosigner(skey)
	require.NoError(t, err)
	sig, err := signer.Sign([]byte("text"))
	require.NoError(t, err)
	require.True(t, good.Verify([]byte("text"), sig))
	require.False(t, (&WitnessKey{witnessName, ed25519.PublicKey{}}).Verify([]byte("text"), sig), "a zero key")
}

// Evidence that lacks a part, or has one too many, is malformed whatever its notes say.
func TestEvidenceHasTheFormOfItsKind(t *testing.T) {
	c := &Checkpoint{}
	entry := entryProof{}
	for name, e := range map[string]*Evidence{
		"no first":              {Kind: Forked, Second: c},
		"no second":             {Kind: Forked, First: c},
		"a number without need": {Kind: Forked, First: c, Second: c, index: 1},
		"a root without need":   {Kind: Forked, First: c, Second: c, root: tlog.Hash{1}},
		"a proof without need":  {Kind: Reopened, First: c, Second: c, extension: tlog.TreeProof{}},
		"one entry of two":      {Kind: Replaced, First: c, Second: c, entries: []entryProof{entry}},
	} {
		require.ErrorContains(t, e.form(), "wants two checkpoints", name)
		require.Equal(t, "box: evidence of no known form", e.Error(), name)
	}
	err := (&entryProof{}).check(&Checkpoint{Size: 3}, 3)
	require.ErrorIs(t, err, ballot.ErrInvalid)
	require.ErrorContains(t, err, "number 3 in a log of 3 ballots")
}

// A file of evidence holds what its kind needs, said once.
func TestEvidenceErrorsSayWhatIsWrong(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	sign := func(size int) *Checkpoint {
		c, err := ParseCheckpoint(s.Manifest, s.signNote(t, fmt.Sprintf("%s\n%d\n%s\n", origin(s.Manifest), size, someRoot)))
		require.NoError(t, err)
		return c
	}
	a, b := sign(7), sign(9)
	zero := strings.Repeat("0", 64)
	forked := string((&Evidence{Kind: Forked, First: a, Second: b}).Bytes())
	rewritten := string((&Evidence{Kind: Rewritten, First: a, Second: b}).Bytes())
	dropped := string((&Evidence{Kind: Dropped, First: a, Second: b, entries: make([]entryProof, 1)}).Bytes())
	three := string((&Evidence{Kind: Replaced, First: a, Second: b, entries: make([]entryProof, 3)}).Bytes())
	for name, c := range map[string]struct{ text, want string }{
		"too long":             {strings.Repeat(" ", maxEvidenceBytes+1), "at most 1048576 allowed"},
		"first is no note":     {string((&Evidence{Kind: Forked, First: &Checkpoint{Note: []byte("x")}, Second: a}).Bytes()), "first: "},
		"second is no note":    {string((&Evidence{Kind: Forked, First: a, Second: &Checkpoint{Note: []byte("x")}}).Bytes()), "second: "},
		"rewritten, no root":   {strings.Replace(rewritten, `,"root":"`+zero+`"`, "", 1), "root and proof belong"},
		"rewritten, no proof":  {strings.Replace(rewritten, `"proof":[],`, "", 1), "root and proof belong"},
		"root of another kind": {strings.Replace(forked, `,"second"`, `,"root":"`+zero+`","second"`, 1), "root and proof belong"},
		"an entry, no number":  {strings.Replace(dropped, `"index":0,`, "", 1), "an index and one or two entries"},
		"a number, no entry":   {strings.Replace(forked, `"kind"`, `"index":0,"kind"`, 1), "an index and one or two entries"},
		"three entries":        {three, "an index and one or two entries"},
	} {
		_, err := ParseEvidence(s.Manifest, []byte(c.text))
		require.ErrorIs(t, err, ballot.ErrMalformed, name)
		require.ErrorContains(t, err, c.want, name)
	}

	// No log extends one of no ballots or one that is not smaller, so nothing is rewritten there.
	empty, err := ParseCheckpoint(s.Manifest, s.signNote(t, origin(s.Manifest)+"\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"))
	require.NoError(t, err)
	for _, e := range []*Evidence{
		{Kind: Rewritten, First: empty, Second: b, root: tlog.Hash{1}},
		{Kind: Rewritten, First: b, Second: b, root: tlog.Hash{1}},
		{Kind: Rewritten, First: b, Second: a, root: tlog.Hash{1}},
	} {
		require.ErrorContains(t, e.Verify(s.Manifest), "is empty, not smaller")
	}
	unsigned := *b
	unsigned.Note = []byte("x")
	require.ErrorContains(t, (&Evidence{Kind: Forked, First: a, Second: &unsigned}).Verify(s.Manifest), "second: ")
	require.ErrorContains(t, (&Evidence{Kind: Forked, First: &unsigned, Second: a}).Verify(s.Manifest), "first: ")

	// What was not signed, or cannot be read, says nothing about the operator.
	_, err = CheckConsistency(s.Manifest, &Checkpoint{Note: []byte("x")}, b, nil)
	require.ErrorIs(t, err, ballot.ErrMalformed)
	_, err = CheckConsistency(s.Manifest, a, b, nil)
	require.ErrorContains(t, err, "there are none", "no tiles are at hand")
}

// A box that is released or has failed gives no reasons: it does not know what its log holds.
func TestReleasedBoxGivesNoReasons(t *testing.T) {
	s := newStage(t, electiontest.Config{Voters: 1, Revotes: 2})
	x := s.open(t)
	b := s.Ballot(t, 0, 1, 0) // out of turn
	reason, err := x.check(b, tlog.RecordHash(b.Bytes()))
	require.NoError(t, err)
	require.ErrorIs(t, reason, ballot.ErrSequence)
	require.NoError(t, x.Close())
	reason, err = x.check(b, tlog.RecordHash(b.Bytes()))
	require.ErrorIs(t, err, errReleased)
	require.NoError(t, reason)
}

// What a receipt says is looked at before its proof.
func TestReceiptOfABallotBeyondTheLog(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	x := s.open(t)
	b := s.Ballot(t, 0, 0, 0)
	r := s.cast(t, x, b)
	for _, index := range []uint64{1, 1 << 63} {
		r.Index = index
		require.ErrorIs(t, r.Verify(s.Manifest, b), ballot.ErrInvalid)
		require.ErrorContains(t, r.Verify(s.Manifest, b), fmt.Sprintf("index %d in a log of 1 ballots", index))
	}
}

// Who gives up, or asks a box that was closed, gets no refusal, which would be signed: not of bytes that are no
// ballot, and not of a ballot that is too late. Nor a receipt.
func TestNoAnswerBeforeTheContextAndTheBox(t *testing.T) {
	s := newStage(t, electiontest.Config{Voters: 2})
	x := s.open(t)
	known := s.Ballot(t, 0, 0, 0)
	s.cast(t, x, known)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, raw := range [][]byte{nil, known.Bytes()} {
		_, err := x.Cast(cancelled, raw)
		require.ErrorIs(t, err, context.Canceled)
	}
	s.clock.Store(s.Manifest.Closes())
	require.NoError(t, x.Close())
	for _, raw := range [][]byte{nil, s.Ballot(t, 1, 0, 0).Bytes()} {
		_, err := x.Cast(t.Context(), raw)
		require.ErrorIs(t, err, errReleased)
	}
}

func TestQueue(t *testing.T) {
	q := newQueue()
	a, b, c := new(request), new(request), new(request)
	q.add(a)
	q.add(b)
	require.True(t, q.has(a))
	require.False(t, q.has(c))

	require.False(t, q.want(1), "two wait")
	require.False(t, q.want(2), "two wait")
	require.False(t, q.want(0), "nobody asked")
	require.True(t, q.want(3))
	require.True(t, q.want(0), "called off")
	require.True(t, q.want(3))
	q.add(c)
	<-q.enough
	require.False(t, q.want(0), "given")

	q.remove(b)
	require.Equal(t, []*request{a, c}, q.waiting)
	require.Equal(t, []*request{a, c}, q.take())
	require.Zero(t, q.len())
}
