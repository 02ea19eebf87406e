// Package hostile tests what holds of every decoder of the module: one encoding for each value, no memory by an
// attacker's number, a fuzz target.
package hostile

import (
	"context"
	"encoding/json"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/ballot/box"
	"github.com/scrutin/scrutin/census"
	"github.com/scrutin/scrutin/elgamal"
	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/electiontest"
	"github.com/scrutin/scrutin/internal/kybergroup"
	"github.com/scrutin/scrutin/internal/sigma"
	"github.com/scrutin/scrutin/internal/transcript"
	"github.com/scrutin/scrutin/internal/wire"
	"github.com/scrutin/scrutin/proof"
	"github.com/scrutin/scrutin/proof/ceremony"
	"github.com/scrutin/scrutin/proof/prover"
	"github.com/scrutin/scrutin/tally"
)

// decoder is an exported function that reads bytes or a text that somebody sent.
type decoder struct {
	name   string // as the walk of the sources names it
	good   []byte
	decode func(b []byte) error
	form   form
	parts  []number // of a binary encoding
}

type form int

const (
	binary form = iota
	text
	decimal  // any digits are a number, up to the modulus
	document // canonical JSON
	loose    // JSON that may be spelled in more ways than one
)

// number is where a binary encoding has a number below a modulus.
type number struct {
	at      int
	modulus *big.Int
}

var (
	field, _ = new(big.Int).SetString("21888242871839275222246405745257275088548364400416034343698204186575808495617", 10)
	order, _ = new(big.Int).SetString("2736030358979909402780800718157159386076813972158567259200215660948447373041", 10)
)

func point(at int) []number { return []number{{at, field}, {at + 32, field}} }

func scalar(at int) []number { return []number{{at, order}} }

func numbers(lists ...[]number) (out []number) {
	for _, l := range lists {
		out = append(out, l...)
	}
	return out
}

// record is the directory of a whole election's record.
var record = filepath.Join("..", "..", "tally", "testdata", "records", "v1", "record")

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// decoders makes a good encoding for each of them, all of one election.
func decoders(tb testing.TB) []decoder {
	tb.Helper()
	e := electiontest.New(tb, electiontest.Config{Voters: 3, Revotes: 2})
	m := e.Manifest

	b := e.Ballot(tb, 0, 0, 0)
	rules := ballot.NewRulebook(m)
	_, _, err := rules.Apply(b, 0)
	must(0, err)
	spoiled := must(must(e.Credential(tb, 1).Encrypt(electiontest.Votes(1))).Spoil())

	dir := tb.TempDir()
	open := func(name string) *box.Box {
		return must(box.Open(filepath.Join(dir, name), m, box.Config{
			Verifier: e.Verifier(tb), Key: e.LogKey, Signatures: e.Signatures,
			Now: func() time.Time { return time.Unix(m.Opens(), 0) },
		}))
	}
	one, two := open("one"), open("two")
	defer one.Close()
	defer two.Close()
	receipt := must(one.Cast(context.Background(), b.Bytes()))
	must(two.Cast(context.Background(), e.Ballot(tb, 1, 0, 0).Bytes()))
	var refusal *box.Refusal
	if _, err := one.Cast(context.Background(), nil); !errors.As(err, &refusal) {
		panic(err)
	}
	var evidence *box.Evidence
	if _, err := box.CheckConsistency(m, one.Checkpoint(), two.Checkpoint(), nil); !errors.As(err, &evidence) {
		panic(err)
	}
	_, witness, err := box.GenerateWitnessKey("witness.example.org")
	must(0, err)

	x := new(babyjub.Scalar).SetUint64(12345)
	y := new(babyjub.Point).ScalarBaseMul(x)
	pointBytes, scalarBytes := y.Bytes(), x.Bytes()
	knowledge := sigma.ProveDeterministic(transcript.New("hostile"), x, y)
	equality := sigma.ProveEqualDeterministic(transcript.New("hostile"), x, y, y, new(babyjub.Point).ScalarMul(x, y))
	knowledgeBytes, equalityBytes := knowledge.Bytes(), equality.Bytes()
	sum := m.PublicKey().Encrypt(1, x)
	ciphertext := sum.Bytes()
	sum.MulByCofactor(&sum)
	share := must(elgamal.NewShare(transcript.New("hostile"), x, y, []elgamal.Ciphertext{sum}))
	key := m.PublicKey().Bytes()

	id := e.Identities[0]
	commitment := id.Commitment()
	nullifier := id.Nullifier(proof.Scope{1})
	digits := must(commitment.MarshalText())
	identity := id.Bytes()

	file := func(name string) []byte { return must(os.ReadFile(filepath.Join(record, name))) }
	recorded := must(ballot.ParseManifest(file(tally.ManifestFile)))

	setUp := must((&ceremony.Transcript{
		Relation: prover.Relation{Depth: 1}, Origin: ceremony.Origin{Source: "powers.ptau"},
		Contributions: []ceremony.Contribution{{Name: "Ada"}, {Name: "Bob"}},
		Beacon:        ceremony.Beacon{Source: "drand, round 1", Value: make([]byte, 32)},
	}).Bytes())

	var proofs []json.RawMessage
	must(0, json.Unmarshal(must(os.ReadFile(filepath.Join("..", "..", "testdata", "semaphore-v4", "proofs.json"))), &proofs))

	const head = 1 + 32
	return []decoder{
		{"ballot.ParseBallot", b.Bytes(), func(b []byte) error { _, err := ballot.ParseBallot(m, b); return err }, binary,
			numbers([]number{{head, field}}, point(head+32))},
		{"ballot.ParseCredential", e.Credential(tb, 0).Bytes(), func(b []byte) error { _, err := ballot.ParseCredential(m, b); return err }, binary, nil},
		{"ballot.ParseOpening", spoiled.Bytes(), func(b []byte) error { _, err := ballot.ParseOpening(m, b); return err }, binary, nil},
		{"ballot.Rulebook.UnmarshalBinary", must(rules.MarshalBinary()), func(b []byte) error { return ballot.NewRulebook(m).UnmarshalBinary(b) }, binary, nil},
		{"ballot.ParseElectionID", []byte(m.ID().String()), func(b []byte) error { _, err := ballot.ParseElectionID(string(b)); return err }, text, nil},
		{"ballot.ElectionID.UnmarshalText", []byte(m.ID().String()), func(b []byte) error { return new(ballot.ElectionID).UnmarshalText(b) }, text, nil},
		{"ballot.ParseManifest", m.Bytes(), func(b []byte) error { _, err := ballot.ParseManifest(b); return err }, document, nil},
		{"ballot.ParseSignatures", must(ballot.MarshalSignatures(e.Signatures)), func(b []byte) error { _, err := ballot.ParseSignatures(b); return err }, document, nil},

		{"ballot/box.ParseCheckpoint", one.Checkpoint().Note, func(b []byte) error { _, err := box.ParseCheckpoint(m, b); return err }, text, nil},
		{"ballot/box.ParseReceipt", receipt.Bytes(), func(b []byte) error { _, err := box.ParseReceipt(m, b); return err }, text, nil},
		{"ballot/box.VerifyRefusal", refusal.Note, func(b []byte) error { _, err := box.VerifyRefusal(m, b); return err }, text, nil},
		{"ballot/box.ParseEvidence", evidence.Bytes(), func(b []byte) error { _, err := box.ParseEvidence(m, b); return err }, document, nil},
		{"ballot/box.ParseWitnessKey", []byte(witness), func(b []byte) error { _, err := box.ParseWitnessKey(string(b)); return err }, text, nil},

		{"census.ParseCommitment", commitment[:], func(b []byte) error { _, err := census.ParseCommitment(b); return err }, binary, []number{{0, field}}},
		{"census.Commitment.UnmarshalText", digits, func(b []byte) error { return new(census.Commitment).UnmarshalText(b) }, decimal, nil},
		{"census.Node.UnmarshalText", digits, func(b []byte) error { return new(census.Node).UnmarshalText(b) }, decimal, nil},
		{"census.Root.UnmarshalText", digits, func(b []byte) error { return new(census.Root).UnmarshalText(b) }, decimal, nil},

		{"elgamal.Ciphertext.SetBytes", ciphertext[:], func(b []byte) error { return new(elgamal.Ciphertext).SetBytes(b) }, binary, numbers(point(0), point(64))},
		{"elgamal.ParsePublicKey", key[:], func(b []byte) error { _, err := elgamal.ParsePublicKey(b); return err }, binary, point(0)},
		{"elgamal.Share.SetBytes", share.Bytes(), func(b []byte) error { return new(elgamal.Share).SetBytes(b) }, binary,
			numbers(point(4), point(68), point(132), scalar(196))},

		{"internal/babyjub.Point.SetBytes", pointBytes[:], func(b []byte) error { return new(babyjub.Point).SetBytes(b) }, binary, point(0)},
		{"internal/babyjub.Point.SetSubgroupBytes", pointBytes[:], func(b []byte) error { return new(babyjub.Point).SetSubgroupBytes(b) }, binary, point(0)},
		{"internal/babyjub.Scalar.SetBytes", scalarBytes[:], func(b []byte) error { return new(babyjub.Scalar).SetBytes(b) }, binary, scalar(0)},
		{"internal/kybergroup.point.UnmarshalBinary", pointBytes[:], func(b []byte) error { return kybergroup.New().Point().UnmarshalBinary(b) }, binary, point(0)},
		{"internal/kybergroup.scalar.UnmarshalBinary", scalarBytes[:], func(b []byte) error { return kybergroup.New().Scalar().UnmarshalBinary(b) }, binary, scalar(0)},
		{"internal/sigma.Proof.SetBytes", knowledgeBytes[:], func(b []byte) error { return new(sigma.Proof).SetBytes(b) }, binary, numbers(point(0), scalar(64))},
		{"internal/sigma.Equality.SetBytes", equalityBytes[:], func(b []byte) error { return new(sigma.Equality).SetBytes(b) }, binary,
			numbers(point(0), point(64), scalar(128))},
		{"internal/wire.Hex32.UnmarshalText", []byte(m.ID().String()), func(b []byte) error { return new(wire.Hex32).UnmarshalText(b) }, text, nil},

		{"proof.CheckRegistration", id.Register(nil), func(b []byte) error { _, err := proof.CheckRegistration(b, nil); return err }, binary,
			numbers(point(1), point(65), scalar(129))},
		{"proof.ParseIdentity", identity[:], func(b []byte) error { _, err := proof.ParseIdentity(b); return err }, binary, scalar(0)},
		{"proof.ParseNullifier", nullifier[:], func(b []byte) error { _, err := proof.ParseNullifier(b); return err }, binary, []number{{0, field}}},
		{"proof.Nullifier.UnmarshalText", must(nullifier.MarshalText()), func(b []byte) error { return new(proof.Nullifier).UnmarshalText(b) }, decimal, nil},
		{"proof.ParseVerifyingKey", e.Key.VerifyingKey().Bytes(), func(b []byte) error { _, err := proof.ParseVerifyingKey(b); return err }, binary, nil},
		{"proof.SemaphoreProof.UnmarshalJSON", proofs[0], func(b []byte) error { return new(proof.SemaphoreProof).UnmarshalJSON(b) }, loose, nil},
		{"proof/ceremony.ParseTranscript", setUp, func(b []byte) error { _, err := ceremony.ParseTranscript(b); return err }, document, nil},

		{"tally.ParseCeremony", file(tally.CeremonyFile), func(b []byte) error { _, err := tally.ParseCeremony(b); return err }, document, nil},
		{"tally.ParseResult", file(tally.ResultFile), func(b []byte) error { _, err := tally.ParseResult(recorded, b); return err }, document, nil},
		{"tally.ParseEndorsement", file(tally.EndorsementFile(1)), func(b []byte) error { _, err := tally.ParseEndorsement(b); return err }, document, nil},
		{"tally.ParseShare", file(tally.ShareFile(1)), func(b []byte) error { _, err := tally.ParseShare(b); return err }, document, nil},
	}
}

func TestGoodEncodingsAreDecoded(t *testing.T) {
	for _, d := range decoders(t) {
		require.NoError(t, d.decode(d.good), d.name)
	}
}
