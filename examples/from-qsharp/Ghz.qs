/// Three qubits that are all Zero or all One.
operation Main() : Result[] {
    use qubits = Qubit[3];
    H(qubits[0]);
    ApplyCNOTChain(qubits);
    MResetEachZ(qubits)
}
