// A side in node. It keeps to the protocol of process.go; its argument is what nodeInput writes.
import fs from "fs";
import os from "os";
import readline from "readline";

const input = JSON.parse(process.argv[1]);

// snarkjs takes as many workers as there are processors.
const processors = os.cpus();
os.cpus = () => processors.slice(0, input.threads);

const files = { wasm: "artifacts/semaphore-20.wasm", zkey: "artifacts/semaphore-20.zkey" };

const works = {
	prove: async () => {
		const { groth16, wtns } = await import("snarkjs");
		const witness = { type: "mem" };
		await wtns.calculate(input.circuit, files.wasm, witness);
		const zkey = new Uint8Array(fs.readFileSync(files.zkey));
		return () => groth16.prove(zkey, witness);
	},
	fullProve: async () => {
		const { groth16 } = await import("snarkjs");
		const wasm = new Uint8Array(fs.readFileSync(files.wasm));
		const zkey = new Uint8Array(fs.readFileSync(files.zkey));
		return () => groth16.fullProve(input.circuit, wasm, zkey);
	},
	generateProof: async () => {
		const { generateProof } = await import("@semaphore-protocol/proof");
		const path = await semaphorePath();
		return () => generateProof(path.identity, path.merkleProof(), BigInt(input.message), BigInt(input.scope), 20, files);
	},
	verifyProof: async () => {
		const { generateProof, verifyProof } = await import("@semaphore-protocol/proof");
		const path = await semaphorePath();
		const proof = await generateProof(path.identity, path.merkleProof(), BigInt(input.message), BigInt(input.scope), 20, files);
		return async () => {
			if (!(await verifyProof(proof))) throw new Error("the proof does not verify");
		};
	},
};

async function semaphorePath() {
	const { Identity } = await import("@semaphore-protocol/identity");
	const identity = Identity.import(input.identity);
	const siblings = input.circuit.merkleProofSiblings.map(BigInt);
	const merkleProof = () => ({
		root: BigInt(input.root), leaf: identity.commitment, index: Number(input.circuit.merkleProofIndex), siblings: [...siblings],
	});
	return { identity, merkleProof };
}

const work = await works[input.work]();
for (let i = 0; i < input.warmUps; i++) await work();
console.log("ready");
for await (const line of readline.createInterface({ input: process.stdin })) {
	const start = process.hrtime.bigint();
	await work();
	console.log(JSON.stringify({ values: [Number(process.hrtime.bigint() - start)] }));
}
process.exit(0);
