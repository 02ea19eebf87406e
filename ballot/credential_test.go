package ballot

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/cryptotest"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/census"
	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/transcript"
	"github.com/scrutin/scrutin/proof"
)

// oneMember is an election whose census is one identity, so that its path needs no tree.
func oneMember(t testing.TB, id *proof.Identity, edit ...func(*Draft)) (*election, census.Path) {
	t.Helper()
	path := census.Path{Commitment: id.Commitment()}
	root, err := path.Root()
	require.NoError(t, err)
	return newElection(t, append([]func(*Draft){func(d *Draft) {
		d.Census = CensusInfo{Root: root, Depth: 1, Size: 1, TotalWeight: 1}
	}}, edit...)...), path
}

func TestCredentialOfAMember(t *testing.T) {
	ctx := context.Background()
	id := proof.NewIdentity()
	e, path := oneMember(t, id)
	c, err := NewCredential(ctx, e.m, id, path, e.key)
	require.NoError(t, err)
	require.Equal(t, id.Nullifier(proof.Scope(e.m.ID())), c.Nullifier())
	require.EqualValues(t, 1, c.Weight())
	b := e.ballot(t, c, 0)
	require.NoError(t, e.verdict(t, b))
	require.Equal(t, c.Nullifier(), b.Nullifier())

	// The ballot key follows from the identity and the election: a second device has the same one.
	again, err := NewCredential(ctx, e.m, id, path, e.key)
	require.NoError(t, err)
	require.True(t, again.k.Equal(&c.k))
	e2, path2 := oneMember(t, id)
	elsewhere, err := NewCredential(ctx, e2.m, id, path2, e2.key)
	require.NoError(t, err)
	require.False(t, elsewhere.k.Equal(&c.k))
	require.NotEqual(t, c.Nullifier(), elsewhere.Nullifier())
}

// pinnedProver has the digest of a proving key; its proofs are those of another prover, changed.
type pinnedProver struct {
	proof.Prover
	digest [32]byte
	change func(*proof.Membership) error
}

func (p *pinnedProver) Digest() [32]byte { return p.digest }

func (p *pinnedProver) Prove(ctx context.Context, id *proof.Identity, st proof.Statement) (*proof.Membership, error) {
	m, err := p.Prover.Prove(ctx, id, st)
	if err != nil {
		return nil, err
	}
	return m, p.change(m)
}

func TestCredentialRefusals(t *testing.T) {
	ctx := context.Background()
	id := proof.NewIdentity()
	e, path := oneMember(t, id)
	fine := func(*proof.Membership) error { return nil }

	_, err := NewCredential(ctx, e.m, id, path, &pinnedProver{e.key, e.m.Membership().ProvingKey, fine})
	require.NoError(t, err)
	_, err = NewCredential(ctx, e.m, id, path, &pinnedProver{e.key, [32]byte{1}, fine})
	require.ErrorIs(t, err, ErrUnknownKey)

	other := proof.NewIdentity()
	_, err = NewCredential(ctx, e.m, other, path, e.key)
	require.ErrorIs(t, err, proof.ErrInvalid, "a path of somebody else")
	_, err = NewCredential(ctx, e.m, other, census.Path{Commitment: other.Commitment()}, e.key)
	require.ErrorIs(t, err, ErrInvalid, "not in the census")
	require.ErrorContains(t, err, "does not lead to the manifest's root", "and it is found before the proof is made")
	long := census.Path{Commitment: id.Commitment(), Siblings: []census.Node{{31: 1}, {31: 2}}}
	shallow := newElection(t, func(d *Draft) {
		root, err := long.Root()
		require.NoError(t, err)
		d.Census = CensusInfo{Root: root, Depth: 1, Size: 2, TotalWeight: 2}
	})
	_, err = NewCredential(ctx, shallow.m, id, long, shallow.key)
	require.ErrorIs(t, err, ErrInvalid, "a path longer than the census is deep")
	_, err = NewCredential(ctx, e.m, id, census.Path{Commitment: id.Commitment(), Weight: 1}, e.key)
	require.Error(t, err, "a weight in an unweighted election")
	_, err = NewCredential(ctx, e.m, id, census.Path{Commitment: id.Commitment(), Index: 1}, e.key)
	require.ErrorIs(t, err, ErrMalformed, "no path")
	weighted := census.Path{Commitment: id.Commitment(), Weight: 1}
	unweighted := newElection(t, func(d *Draft) {
		root, err := weighted.Root()
		require.NoError(t, err)
		d.Census = CensusInfo{Root: root, Depth: 1, Size: 1, TotalWeight: 1}
	})
	_, err = NewCredential(ctx, unweighted.m, id, weighted, unweighted.key)
	require.ErrorContains(t, err, "weight 1 in an unweighted election", "a census of another kind than the manifest says")
	c, err := NewCredential(ctx, e.m, id, path, e.key)
	require.NoError(t, err)
	_, err = c.Encrypt(nil)
	require.ErrorIs(t, err, ErrVote)
	require.ErrorContains(t, err, "no vote")

	failure := errors.New("out of memory")
	for name, change := range map[string]func(*proof.Membership) error{
		"root":      func(m *proof.Membership) error { m.Root[31]++; return nil },
		"nullifier": func(m *proof.Membership) error { m.Nullifier[31]++; return nil },
		"weight":    func(m *proof.Membership) error { m.Weight++; return nil },
	} {
		_, err := NewCredential(ctx, e.m, id, path, &pinnedProver{e.key, e.m.Membership().ProvingKey, change})
		require.ErrorIs(t, err, ErrInvalid, name)
	}
	_, err = NewCredential(ctx, e.m, id, path, &pinnedProver{e.key, e.m.Membership().ProvingKey, func(*proof.Membership) error { return failure }})
	require.ErrorIs(t, err, failure)

	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	_, err = NewCredential(cancelled, e.m, id, path, e.key)
	require.ErrorIs(t, err, context.Canceled)
}

func TestACredentialSignsEachNumberOnce(t *testing.T) {
	e := newElection(t) // the limit is 3
	c := e.credential(t)
	first, second := e.sealed(t, c), e.sealed(t, c)
	require.Zero(t, c.Next())

	_, err := first.Sign(4)
	require.ErrorIs(t, err, ErrSequence)
	b, err := first.Sign(1) // a second device knows that 0 is in the log
	require.NoError(t, err)
	require.EqualValues(t, 1, b.Sequence())
	require.EqualValues(t, 2, c.Next())

	again, err := first.Sign(1)
	require.NoError(t, err)
	require.Equal(t, b.Bytes(), again.Bytes())
	_, err = first.Sign(2)
	require.ErrorIs(t, err, ErrSpent)
	_, err = first.Spoil()
	require.ErrorIs(t, err, ErrSpent)
	for _, number := range []uint32{0, 1} {
		_, err = second.Sign(number)
		require.ErrorIs(t, err, ErrSequence)
	}

	// The memory survives being written down.
	restored, err := ParseCredential(e.m, c.Bytes())
	require.NoError(t, err)
	require.EqualValues(t, 2, restored.Next())
	require.Equal(t, c.Bytes(), restored.Bytes())
	third := e.sealed(t, restored)
	_, err = third.Sign(1)
	require.ErrorIs(t, err, ErrSequence)
	b, err = third.Sign(2)
	require.NoError(t, err)
	require.NoError(t, e.verdict(t, b))

	once := newElection(t, func(d *Draft) { d.Revote = Revote{RevoteNone, 0} })
	c = once.credential(t)
	_, err = once.sealed(t, c).Sign(1)
	require.ErrorIs(t, err, ErrSequence)
	once.ballot(t, c, 0)
	_, err = once.sealed(t, c).Sign(0)
	require.ErrorIs(t, err, ErrSequence)
}

func TestConcurrentSignaturesShareNoNumber(t *testing.T) {
	e := newElection(t)
	c := e.credential(t)
	var wg sync.WaitGroup
	var mu sync.Mutex
	signed := 0
	for range 8 {
		wg.Go(func() {
			s, err := c.Encrypt(e.votes())
			if err != nil {
				return
			}
			if _, err := s.Sign(0); err == nil {
				mu.Lock()
				signed++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	require.Equal(t, 1, signed)
}

func TestASpoiledBallotShowsWhatTheDeviceEncrypted(t *testing.T) {
	e := newElection(t)
	c := e.credential(t)
	votes := map[QuestionID]Vote{"treaty": Blank(), "projects": Choose("school", "bridge")}
	s, err := c.Encrypt(votes)
	require.NoError(t, err)
	o, err := s.Spoil()
	require.NoError(t, err)
	carried, err := ParseOpening(e.m, o.Bytes())
	require.NoError(t, err)
	shown, err := carried.Verify(e.m, s.Digest())
	require.NoError(t, err)
	require.True(t, shown["treaty"].IsBlank())
	require.Equal(t, []OptionID{"bridge", "school"}, shown["projects"].Options())

	// It is useless for casting, and opens again.
	_, err = s.Sign(0)
	require.ErrorIs(t, err, ErrSpent)
	require.Zero(t, c.Next())
	again, err := s.Spoil()
	require.NoError(t, err)
	require.Equal(t, o.Bytes(), again.Bytes())

	// What is cast instead has another digest, and the digest that its device showed.
	cast := e.sealed(t, c)
	require.NotEqual(t, s.Digest(), cast.Digest())
	b, err := cast.Sign(0)
	require.NoError(t, err)
	require.Equal(t, cast.Digest(), b.Sealed())
}

func TestADeviceThatEncryptsAnotherVoteIsFound(t *testing.T) {
	e := newElection(t)
	c := e.credential(t)
	s, err := c.Encrypt(map[QuestionID]Vote{"treaty": Choose("no"), "projects": Blank()})
	require.NoError(t, err)
	o, err := s.Spoil()
	require.NoError(t, err)
	raw := o.Bytes()
	const treaty, projects = 1 + 32, 1 + 32 + 3 + 32

	lie := slices.Clone(raw)
	lie[treaty], lie[treaty+1] = 1, 0 // "yes", as the voter wanted
	claimed, err := ParseOpening(e.m, lie)
	require.NoError(t, err)
	_, err = claimed.Verify(e.m, s.Digest())
	require.ErrorIs(t, err, ErrInvalid)

	impossible := slices.Clone(raw)
	impossible[treaty] = 1 // yes and no
	claimed, err = ParseOpening(e.m, impossible)
	require.NoError(t, err)
	_, err = claimed.Verify(e.m, s.Digest())
	require.ErrorIs(t, err, ErrInvalid)
	require.ErrorContains(t, err, "rule")

	random := slices.Clone(raw)
	random[projects+7+31] ^= 1 // the randomness of its first ciphertext
	claimed, err = ParseOpening(e.m, random)
	require.NoError(t, err)
	_, err = claimed.Verify(e.m, s.Digest())
	require.ErrorIs(t, err, ErrInvalid)

	_, err = o.Verify(e.m, [32]byte{})
	require.ErrorIs(t, err, ErrInvalid)
	_, err = o.Verify(newElection(t).m, s.Digest())
	require.ErrorIs(t, err, ErrUnknownElection)
}

func TestSecretsDoNotPrint(t *testing.T) {
	e := newElection(t)
	c := e.credential(t)
	vote := Choose("bridge", "school")
	s, err := c.Encrypt(map[QuestionID]Vote{"treaty": Choose("yes"), "projects": vote})
	require.NoError(t, err)
	o, err := s.Spoil()
	require.NoError(t, err)
	for _, secret := range []any{c, s, *s, o, *o, vote, map[string]any{"v": vote, "c": c}, []*Sealed{s}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x", "%q"} {
			printed := fmt.Sprintf(verb, secret)
			require.Contains(t, printed, "redacted", "%T %s", secret, verb)
			require.NotContains(t, printed, "bridge")
			require.NotContains(t, printed, "0x")
		}
	}
	require.Equal(t, "Vote(redacted)", vote.String())
	require.Equal(t, "Vote(redacted)", vote.GoString())
	_, err = c.Encrypt(map[QuestionID]Vote{"treaty": Choose("my secret"), "projects": vote})
	require.NotContains(t, err.Error(), "my secret")
}

// A random source that repeats must not repeat a mask: the response f_i = x b_i + a_i under two
// challenges and one a_i shows the bit.
func TestAttack42ARandomSourceThatRepeatsSharesNoMask(t *testing.T) {
	e := newElection(t)
	c, other := e.credential(t), e.credential(t)
	run := func(c *Credential, sequence uint32, votes map[QuestionID]Vote) *Ballot {
		cryptotest.SetGlobalRandom(t, 7)
		s, err := c.Encrypt(votes)
		require.NoError(t, err)
		cryptotest.SetGlobalRandom(t, 7)
		b, err := s.Sign(sequence)
		require.NoError(t, err)
		return b
	}
	no := map[QuestionID]Vote{"treaty": Choose("no"), "projects": Blank()}
	restored, err := ParseCredential(e.m, c.Bytes()) // a copy that knows nothing of the others
	require.NoError(t, err)
	ballots := []*Ballot{
		run(c, 0, e.votes()),
		run(c, 1, e.votes()),
		run(c, 2, no),
		run(other, 0, e.votes()),
		run(restored, 1, no),
	}
	seen := map[[64]byte]string{}
	for n, b := range ballots {
		for i := range b.questions {
			q := &b.questions[i]
			points := map[string]*babyjub.Point{}
			for j := range q.ciphertexts {
				points[fmt.Sprint("A", j)] = &q.ciphertexts[j].A
			}
			for k, name := range pointNames {
				points[name] = q.argument.points()[k]
			}
			for name, p := range points {
				name = fmt.Sprintf("ballot %d, question %d, %s", n, i, name)
				require.Empty(t, seen[p.Bytes()], name)
				seen[p.Bytes()] = name
			}
		}
		require.Empty(t, seen[b.signature.R.Bytes()])
		seen[b.signature.R.Bytes()] = "R"
	}

	// The same copy, vote and number: equal ciphertexts, and equal arguments under equal challenges.
	twin, err := ParseCredential(e.m, other.Bytes())
	require.NoError(t, err)
	twin.next, twin.seals = 0, 0
	require.Equal(t, ballots[3].Bytes(), run(twin, 0, e.votes()).Bytes())

	// Row 18: two voters with one random source have two trackers.
	require.NotEqual(t, ballots[0].Tracker(), ballots[3].Tracker())
}

// The randomness is keyed with the ballot key, the vote and fresh bytes: no weak part gives it away.
func TestAttack42RandomnessIsHedgedAsSpecified(t *testing.T) {
	e := newElection(t)
	c := e.credential(t)
	k := c.k.Bytes()
	h := e.m.key.Bytes()

	cryptotest.SetGlobalRandom(t, 3)
	s := e.sealed(t, c)
	r := slices.Clone(s.opening.questions[1].r)
	cryptotest.SetGlobalRandom(t, 3)
	seal := transcript.New("seal")
	seal.Absorb("election", e.m.id[:])
	seal.Absorb("key", h[:])
	seal.Absorb("ballot key", c.voter.keyBytes[:])
	seal.AbsorbUint64("number", 0)
	seal.Absorb("bits", []byte{1, 0, 0})
	seal.Absorb("bits", []byte{1, 0, 0, 0, 0, 1, 0})
	randomness := seal.Hedge("randomness", k[:]).Challenge("r", 3*64)
	require.True(t, r[0].Equal(new(babyjub.Scalar).SetUniformBytes(randomness[64:128])))
	require.True(t, r[1].Equal(new(babyjub.Scalar).SetUniformBytes(randomness[128:])))

	w := s.opening.questions[0].witness()
	r0 := w.r[0].Bytes()
	cryptotest.SetGlobalRandom(t, 4)
	b, err := s.Sign(0)
	require.NoError(t, err)
	cryptotest.SetGlobalRandom(t, 4)
	statement := e.m.questionTranscript(e.m.statementTranscript(&c.voter, 0, b.questions), 0)
	secret := slices.Clone(k[:])
	for _, bit := range []byte{1, 0, 0} {
		secret = append(append(secret, make([]byte, 31)...), bit)
	}
	masks := statement.Hedge("argument", append(secret, r0[:]...)).Challenge("masks", 64*(3+5))
	a := make([]babyjub.Scalar, 3)
	for i := range a {
		a[i].SetUniformBytes(masks[64*i:][:64])
	}
	rho := new(babyjub.Scalar).SetUniformBytes(masks[64*3:][:64])
	sigma := new(babyjub.Scalar).SetUniformBytes(masks[64*4:][:64])
	v, va := commit(w.b, rho), commit(a, sigma)
	require.True(t, v.Equal(&b.questions[0].argument.v))
	require.True(t, va.Equal(&b.questions[0].argument.va))
}

func TestAttack18NoTwoVotersShareATracker(t *testing.T) {
	e := newElection(t)
	a, b := e.credential(t), e.credential(t)
	cryptotest.SetGlobalRandom(t, 1)
	first := e.ballot(t, a, 0)
	cryptotest.SetGlobalRandom(t, 1)
	second := e.ballot(t, b, 0)
	require.NotEqual(t, first.Tracker(), second.Tracker())
	require.NotEqual(t, first.Sealed(), second.Sealed())

	require.Regexp(t, `^([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$`, first.Tracker())
	fixed := Ballot{raw: []byte("scrutin")}
	require.Equal(t, trackerOfScrutin, fixed.Tracker())
}

// SHA-256("scrutin") begins with 1e4d047be1b48463735c.
const trackerOfScrutin = "3S6G-8YZ1-PJ26-6WTW"

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, errors.New("no entropy") }

// An error of the random source ends the program: there is no ballot made without it.
func TestAttack42AnErrorOfTheRandomSourceAborts(t *testing.T) {
	const variable = "SCRUTIN_TEST_WITHOUT_RANDOMNESS"
	if step := os.Getenv(variable); step != "" {
		e := newElection(t)
		c := e.credential(t)
		s := e.sealed(t, c)
		if step == "encrypt" {
			rand.Reader = failingReader{}
			_, _ = c.Encrypt(e.votes())
		} else {
			rand.Reader = failingReader{}
			_, _ = s.Sign(0)
		}
		fmt.Println("still alive")
		return
	}
	for _, step := range []string{"encrypt", "sign"} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestAttack42AnErrorOfTheRandomSourceAborts$", "-test.v")
		cmd.Env = append(os.Environ(), variable+"="+step)
		out, err := cmd.CombinedOutput()
		require.Error(t, err, string(out))
		require.NotContains(t, string(out), "still alive")
		require.Contains(t, strings.ToLower(string(out)), "random")
	}
}

func TestAttack27OneEncodingForEachCredentialAndOpening(t *testing.T) {
	e := newElection(t)
	c := e.credential(t)
	s := e.sealed(t, c)
	o, err := s.Spoil()
	require.NoError(t, err)

	for name, codec := range map[string]struct {
		raw   []byte
		parse func([]byte) error
	}{
		"credential": {c.Bytes(), func(b []byte) error { _, err := ParseCredential(e.m, b); return err }},
		"opening":    {o.Bytes(), func(b []byte) error { _, err := ParseOpening(e.m, b); return err }},
	} {
		require.NoError(t, codec.parse(codec.raw))
		for n := range codec.raw {
			require.ErrorIs(t, codec.parse(codec.raw[:n]), ErrMalformed, "%s of %d bytes", name, n)
		}
		for n := 1; n <= 100; n++ {
			require.ErrorIs(t, codec.parse(append(slices.Clone(codec.raw), make([]byte, n)...)), ErrMalformed, "%s, %d more", name, n)
		}
		version := slices.Clone(codec.raw)
		version[0]++
		require.ErrorIs(t, codec.parse(version), ErrMalformed)
		election := slices.Clone(codec.raw)
		election[1]++
		require.ErrorIs(t, codec.parse(election), ErrUnknownElection)
	}

	set := func(raw []byte, at int, b ...byte) []byte {
		raw = slices.Clone(raw)
		copy(raw[at:], b)
		return raw
	}
	ones := slices.Repeat([]byte{255}, 32)
	raw := c.Bytes()
	for name, bad := range map[string][]byte{
		"k = 0":        set(raw, 33, make([]byte, 32)...),
		"k too large":  set(raw, 33, ones...),
		"nullifier":    set(raw, 65, ones...),
		"weight":       set(raw, 97+7, 1),
		"number above": set(raw, len(raw)-16, 0, 0, 0, 0, 0, 0, 0, 5),
		"number huge":  set(raw, len(raw)-16, ones[:8]...),
	} {
		_, err := ParseCredential(e.m, bad)
		require.ErrorIs(t, err, ErrMalformed, name)
	}
	raw = o.Bytes()
	for name, bad := range map[string][]byte{
		"bit 2":        set(raw, 33, 2),
		"bit 255":      set(raw, 33+3+32, 255),
		"r too large":  set(raw, 36, ones...),
		"last r large": set(raw, len(raw)-32, ones...),
	} {
		_, err := ParseOpening(e.m, bad)
		require.ErrorIs(t, err, ErrMalformed, name)
	}
}
