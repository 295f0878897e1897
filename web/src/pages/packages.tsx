export function PackagesPage() {
  return (
    <div class="page">
      <h1>Packages</h1>
    </div>
  );
}
