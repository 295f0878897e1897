export function CheckPage() {
  return (
    <div class="page">
      <h1>Check</h1>
    </div>
  );
}
