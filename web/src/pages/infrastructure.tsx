export function InfrastructurePage() {
  return (
    <div class="page">
      <h1>Infrastructure</h1>
    </div>
  );
}
